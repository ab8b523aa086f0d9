#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/body_budget.h"
#include "http/body_outbox.h"
#include "http/event_loop.h"
#include "http/event_outbox.h"
#include "http/router.h"
#include "http/server.h"
#include "http/server_options.h"
#include "http/worker_pool.h"

namespace anabranch::http {

/// What connections share. Owner: Server; outlives every open connection.
struct ConnectionSetting {
  ServerOptions options;
  Router router;
  Handler fallback;
  Guard guard;
  AccessListener access;
  std::shared_ptr<BodyBudget> bodies;
  std::shared_ptr<TokenBucket> bucket;  // of all requests; null: no limit
  WorkerPool* workers = nullptr;
};

/// One client, one request at a time: what it pipelines waits, bounded, and is answered in order.
/// All methods on the loop's thread. Shared by its loop's set and by the Responder of its running request.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Begins to read. `is_beyond`: there are too many connections, so only what keeps its place is answered,
  /// anything else refused, and then it closes.
  virtual void start(bool is_beyond) = 0;
  /// Closes what waits for a client, and lets a running request finish first.
  virtual void finish() = 0;
  /// Closes at once; the request's cancellation flag is set.
  virtual void close() = 0;
  /// Since when nothing but a client's silence has happened here; none when a request is at work.
  virtual std::optional<int64_t> silent_since_us() const = 0;
  /// Looks at deadlines and pings; called now and then.
  virtual void sweep() = 0;

  /// Answers the running request; does nothing when there is none any more.
  virtual void answer(Response response) = 0;
  /// Answers the running request with what comes into the outbox, which is closed when there is no request
  /// any more.
  virtual void begin_events(std::shared_ptr<EventOutbox> outbox) = 0;
  /// Answers the running request with this head and a body that comes into the outbox, which is closed when
  /// there is no request any more.
  virtual void begin_stream(Response head, std::shared_ptr<BodyOutbox> outbox) = 0;
  virtual void pump_stream() = 0;
  /// Writes what waits in the outbox.
  virtual void pump_events() = 0;
};

/// Takes over a connected socket of the loop's process. `closed` is called once, when it has been closed.
std::shared_ptr<Connection> make_connection(const ConnectionSetting& setting, std::shared_ptr<EventLoop> loop,
                                            int socket, std::string remote,
                                            std::function<void(Connection&)> closed);

}  // namespace anabranch::http
