#pragma once
// What all routes of the API share. Only files of the API include it.

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "front/api.h"
#include "front/api_metrics.h"
#include "front/keyed_requests.h"
#include "front/stream_rates.h"
#include "front/worker_pool.h"

namespace anabranch::front {

struct ApiContext {
  ApiContext(Backend& backend, io::Clock& clock, ApiOptions options)
      : backend(backend), clock(clock), options(std::move(options)), rates(backend, clock) {}

  Backend& backend;
  io::Clock& clock;
  const ApiOptions options;
  /// Shared with callbacks of logs, which may come after the API has gone.
  const std::shared_ptr<ApiMetrics> metrics = std::make_shared<ApiMetrics>();
  StreamRates rates;
  KeyedRequests keyed;
  /// A log has ended: it takes no event any more until a restart. Shared as above.
  const std::shared_ptr<std::atomic<bool>> has_ended_log = std::make_shared<std::atomic<bool>>(false);

  // Last, so that their threads end before what they use.
  static constexpr size_t queue_max = 64;  // fewer in all than there are connections: HttpServerOptions
  WorkerPool intake{options.intake_threads, queue_max};
  WorkerPool reads{options.read_threads, queue_max};
  WorkerPool tasks{options.task_threads, queue_max};
};

/// Runs a handler on a pool: 429 when its queue is full, 500 when it throws.
void run_on(WorkerPool& pool, Request request, Responder responder,
            const std::shared_ptr<const Handler>& handler);

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
  RouteList(HttpServer& server, ApiContext& context) : server_(server), context_(context) {}

  /// Answers 503 until the backend is ready.
  void add(const std::string& method, const std::string& pattern, Lane lane, Handler handler);
  /// Answers at any time.
  void add_always(const std::string& method, const std::string& pattern, Lane lane, Handler handler);

  const std::vector<std::pair<std::string, std::string>>& all() const { return all_; }

 private:
  HttpServer& server_;
  ApiContext& context_;
  std::vector<std::pair<std::string, std::string>> all_;
};

}  // namespace anabranch::front
