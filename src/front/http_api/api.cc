#include "front/http_api/api.h"

#include "base/assert.h"
#include "front/http_api/api_context.h"
#include "front/http_api/routes.h"
#include "front/http_api/status_document.h"
#include "front/http_api/updates.h"
#include "http/origin_guard.h"
#include "http/problem.h"

namespace anabranch::front::http_api {

// ---- lanes ----

void run_on(http::WorkerPool& pool, http::Request request, http::Responder responder,
            const std::shared_ptr<const http::Handler>& handler) {
  http::WorkerPool::Job job = [request = std::move(request), responder, handler]() mutable {
    if (request.cancelled && *request.cancelled) {
      return responder.fail({Code::cancelled, "the client went away", {}, std::nullopt});
    }
    try {
      (*handler)(std::move(request), responder);
    } catch (const std::exception& error) {
      responder.fail({Code::internal, std::string("a handler threw: ") + error.what(), {}, std::nullopt});
    }
  };
  if (!pool.submit(job)) responder.answer(http::overloaded("too many requests of this kind wait already"));
}

void RouteList::add(const std::string& method, const std::string& pattern, Lane lane, http::Handler handler) {
  add_always(
      method, pattern, lane,
      [&context = context_, handler = std::move(handler)](http::Request request, http::Responder responder) {
        if (const Status ready = check_ready(context.ports); !ready) return responder.fail(ready.error());
        handler(std::move(request), std::move(responder));
      });
}

void RouteList::add_for_events(const std::string& method, const std::string& pattern, Lane lane,
                               http::Handler handler) {
  add_always(
      method, pattern, lane,
      [&context = context_, handler = std::move(handler)](http::Request request, http::Responder responder) {
        if (const Status open = check_takes_events(context.ports); !open) return responder.fail(open.error());
        handler(std::move(request), std::move(responder));
      });
}

void RouteList::add_always(const std::string& method, const std::string& pattern, Lane lane,
                           http::Handler handler) {
  all_.emplace_back(method, pattern);
  switch (lane) {
    case Lane::io:
      return server_.route(method, pattern, http::RunOn::io, std::move(handler));
    case Lane::queries:
      return server_.route(method, pattern, http::RunOn::worker, std::move(handler));
    case Lane::reads:
    case Lane::tasks:
      break;
  }
  http::WorkerPool& pool = lane == Lane::reads ? context_.reads : context_.tasks;
  server_.route(method, pattern, http::RunOn::io,
                [&pool, shared = std::make_shared<const http::Handler>(std::move(handler))](
                    http::Request request, http::Responder responder) {
                  run_on(pool, std::move(request), std::move(responder), shared);
                });
}

// ---- the API ----

class Api::Impl {
 public:
  Impl(Ports& ports, io::Clock& clock, ApiOptions options)
      : context_(ports, clock, std::move(options)),
        guard_(context_.options.own_hosts, context_.options.has_any_name),
        updates_(context_) {
    context_.metrics->all().on_collect(
        [this] { context_.metrics->collect(context_.ports, context_.rates, context_.clock.now_us()); });
  }

  void register_routes(http::Server& server) {
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
      server.guard([this](const http::Request& request) { return guard_.check(request); });
    }
    server.on_access([this](const http::Access& access) {
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
  const http::OriginGuard guard_;
  std::vector<std::pair<std::string, std::string>> routes_;
  Updates updates_;  // last: its thread uses the others
};

Api::Api(Ports& ports, io::Clock& clock, ApiOptions options)
    : impl_(std::make_unique<Impl>(ports, clock, std::move(options))) {}
Api::~Api() { stop(); }
void Api::register_routes(http::Server& server) { impl_->register_routes(server); }
void Api::stop() { impl_->stop(); }
Metrics& Api::metrics() { return impl_->metrics(); }
std::vector<std::pair<std::string, std::string>> Api::routes() const { return impl_->routes(); }

}  // namespace anabranch::front::http_api
