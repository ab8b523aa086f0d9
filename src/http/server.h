#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "http/responder.h"
#include "http/router.h"
#include "http/server_options.h"

namespace anabranch::http {

/// Looks at a request whose header is in and whose body is not (it is empty here): a response refuses it.
/// On an io thread: must not block.
using Guard = std::function<std::optional<Response>(const Request&)>;

/// One request that is over.
struct Access {
  std::string_view method;  // one of HTTP's own, or "OTHER": few enough to be a label of a metric
  std::string_view route;   // the pattern; "fallback"; "" when no route took it
  int status = 0;           // 499: the client went away before the answer
  /// From the header's arrival to the last byte of the answer (of an EventStream: to its beginning).
  int64_t duration_us = 0;
  size_t bytes_in = 0;   // of the body
  size_t bytes_out = 0;  // header and body
};
/// On an io thread: must not block.
using AccessListener = std::function<void(const Access&)>;

/// An HTTP/1.1 server. Owner: the application. Set up by one thread, in this order: routes, start(), stop().
/// Handlers see only whole requests. A handler that throws, or forgets to answer, answers 500 `internal`.
class Server {
 public:
  explicit Server(ServerOptions options);
  ~Server();  // stop()
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Before start(). Segments of the form {name} become Request::params.
  void route(std::string method, std::string pattern, RunOn run_on, Handler handler);
  /// Before start(): at most so many requests a second to a route; more get 429 with Retry-After.
  void limit(std::string_view method, std::string_view pattern, double requests_per_s, double burst);
  /// Before start(): likewise for all requests together, but not those of routes that keep their place.
  void limit_all(double requests_per_s, double burst);
  /// Before start(): the route is for those who watch the server: it answers although there are as many
  /// connections as there may be, and no limit_all() holds for it.
  void keep_place(std::string_view method, std::string_view pattern);
  /// Before start(): takes GET and HEAD of paths without a route, on an io thread.
  void fallback(Handler handler);
  /// Before start(): asked before every route and the fallback.
  void guard(Guard guard);
  void on_access(AccessListener listener);

  /// Once. When it returns, connections are accepted. conflict: the port is in use; bad_input: no such
  /// address; io: not allowed, out of sockets.
  Status start();
  /// The port that is listened on.
  uint16_t port() const;
  /// Stops accepting; lets running requests finish until stop_timeout, then sets their cancellation flags and
  /// closes; ends event streams; joins all threads, so it waits for handlers that ignore their flag. From any
  /// thread but a handler's; a second call waits for the first.
  void stop();

  size_t connection_count() const;
  /// Bytes of bodies of requests that are not answered yet.
  size_t bodies_bytes() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace anabranch::http
