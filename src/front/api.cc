#include "front/api.h"

#include "base/assert.h"
#include "front/api_context.h"
#include "front/origin_guard.h"
#include "front/problem.h"
#include "front/routes.h"
#include "front/status_document.h"
#include "front/updates.h"

namespace anabranch::front {

// ---- lanes ----

void run_on(WorkerPool& pool, Request request, Responder responder,
            const std::shared_ptr<const Handler>& handler) {
  WorkerPool::Job job = [request = std::move(request), responder, handler]() mutable {
    if (request.cancelled && *request.cancelled) {
      return responder.fail({Code::cancelled, "the client went away", {}, std::nullopt});
    }
    try {
      (*handler)(std::move(request), responder);
    } catch (const std::exception& error) {
      responder.fail({Code::internal, std::string("a handler threw: ") + error.what(), {}, std::nullopt});
    }
  };
  if (!pool.submit(job)) responder.answer(overloaded("too many requests of this kind wait already"));
}

void RouteList::add(const std::string& method, const std::string& pattern, Lane lane, Handler handler) {
  add_always(method, pattern, lane,
             [&context = context_, handler = std::move(handler)](Request request, Responder responder) {
               if (const Status ready = check_ready(context.backend); !ready)
                 return responder.fail(ready.error());
               handler(std::move(request), std::move(responder));
             });
}

void RouteList::add_always(const std::string& method, const std::string& pattern, Lane lane,
                           Handler handler) {
  all_.emplace_back(method, pattern);
  switch (lane) {
    case Lane::io:
      return server_.route(method, pattern, RunOn::io, std::move(handler));
    case Lane::queries:
      return server_.route(method, pattern, RunOn::worker, std::move(handler));
    case Lane::reads:
    case Lane::tasks:
      break;
  }
  WorkerPool& pool = lane == Lane::reads ? context_.reads : context_.tasks;
  server_.route(method, pattern, RunOn::io,
                [&pool, shared = std::make_shared<const Handler>(std::move(handler))](Request request,
                                                                                      Responder responder) {
                  run_on(pool, std::move(request), std::move(responder), shared);
                });
}

// ---- the API ----

class Api::Impl {
 public:
  Impl(Backend& backend, io::Clock& clock, ApiOptions options)
      : context_(backend, clock, std::move(options)),
        guard_(context_.options.own_hosts, context_.options.has_any_name),
        updates_(context_) {
    context_.metrics->all().on_collect(
        [this] { context_.metrics->collect(context_.backend, context_.rates, context_.clock.now_us()); });
  }

  void register_routes(HttpServer& server) {
    ANABRANCH_ASSERT(routes_.empty());
    RouteList routes(server, context_);
    add_event_routes(routes, context_);
    add_query_routes(routes, context_);
    add_status_routes(routes, context_);
    add_view_routes(routes, context_);
    add_build_routes(routes, context_);
    add_project_routes(routes, context_);
    add_task_routes(routes, context_);
    add_quarantine_routes(routes, context_);
    updates_.add_routes(routes);
    add_openapi_route(routes, context_);
    routes_ = routes.all();
    for (const char* watched : {"/healthz", "/readyz", "/metrics"}) server.keep_place("GET", watched);
    if (context_.options.has_origin_guard) {
      server.guard([this](const Request& request) { return guard_.check(request); });
    }
    server.on_access([this](const Access& access) {
      context_.metrics->count_request(access);
      if (context_.options.on_access) context_.options.on_access(access);
    });
  }

  void stop() {
    updates_.stop();
    context_.intake.stop();
    context_.reads.stop();
    context_.tasks.stop();
  }

  Metrics& metrics() { return context_.metrics->all(); }
  const std::vector<std::pair<std::string, std::string>>& routes() const { return routes_; }

 private:
  ApiContext context_;
  const OriginGuard guard_;
  std::vector<std::pair<std::string, std::string>> routes_;
  Updates updates_;  // last: its thread uses the others
};

Api::Api(Backend& backend, io::Clock& clock, ApiOptions options)
    : impl_(std::make_unique<Impl>(backend, clock, std::move(options))) {}
Api::~Api() { stop(); }
void Api::register_routes(HttpServer& server) { impl_->register_routes(server); }
void Api::stop() { impl_->stop(); }
Metrics& Api::metrics() { return impl_->metrics(); }
std::vector<std::pair<std::string, std::string>> Api::routes() const { return impl_->routes(); }

}  // namespace anabranch::front
