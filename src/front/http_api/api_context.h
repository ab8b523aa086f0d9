#pragma once
// What all routes of the API share. Only files of the API include it.

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "front/http_api/api.h"
#include "front/http_api/api_metrics.h"
#include "front/http_api/keyed_requests.h"
#include "front/http_api/stream_rates.h"
#include "http/worker_pool.h"

namespace anabranch::front::http_api {

struct ApiContext {
  ApiContext(Ports& ports, io::Clock& clock, ApiOptions options)
      : ports(ports), clock(clock), options(std::move(options)), rates(ports.events(), clock) {}

  security::Caller caller_of(const http::Request& request) const {
    return options.caller_of ? options.caller_of(request) : security::local_caller();
  }

  Ports& ports;
  io::Clock& clock;
  const ApiOptions options;
  /// Shared with callbacks of logs, which may come after the API has gone.
  const std::shared_ptr<ApiMetrics> metrics = std::make_shared<ApiMetrics>();
  StreamRates rates;
  KeyedRequests keyed;
  /// A log has ended: it takes no event any more until a restart. Shared as above.
  const std::shared_ptr<std::atomic<bool>> has_ended_log = std::make_shared<std::atomic<bool>>(false);

  // Last, so that their threads end before what they use.
  static constexpr size_t queue_max = 64;  // fewer in all than there are connections: ServerOptions
  http::WorkerPool intake{options.intake_threads, queue_max};
  http::WorkerPool reads{options.read_threads, queue_max};
  http::WorkerPool tasks{options.task_threads, queue_max};
};

/// Runs a handler on a pool: 429 when its queue is full, 500 when it throws.
void run_on(http::WorkerPool& pool, http::Request request, http::Responder responder,
            const std::shared_ptr<const http::Handler>& handler);

/// Where a handler runs.
enum class Lane {
  io,       // must not block
  reads,    // short waits
  queries,  // the server's workers: until a query ends
  tasks,    // minutes
};

/// Adds routes to the server and keeps a list of them.
class RouteList {
 public:
  RouteList(http::Server& server, ApiContext& context) : server_(server), context_(context) {}

  /// Answers 503 until the platform is ready.
  void add(const std::string& method, const std::string& pattern, Lane lane, http::Handler handler);
  /// Answers 503 until the platform takes events: for routes that need nothing but the port Events.
  void add_for_events(const std::string& method, const std::string& pattern, Lane lane,
                      http::Handler handler);
  /// Answers at any time.
  void add_always(const std::string& method, const std::string& pattern, Lane lane, http::Handler handler);

  const std::vector<std::pair<std::string, std::string>>& all() const { return all_; }

 private:
  http::Server& server_;
  ApiContext& context_;
  std::vector<std::pair<std::string, std::string>> all_;
};

}  // namespace anabranch::front::http_api
