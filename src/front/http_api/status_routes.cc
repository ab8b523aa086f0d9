#include <fmt/format.h>

#include "front/http_api/request_fields.h"
#include "front/http_api/routes.h"
#include "front/http_api/status_document.h"
#include "http/problem.h"

namespace anabranch::front::http_api {
namespace {

http::Response plain(std::string text, const char* content_type) {
  http::Response response;
  response.content_type = content_type;
  response.body = std::move(text);
  response.headers.add("Cache-Control", "no-store");
  return response;
}

}  // namespace

void add_status_routes(RouteList& routes, ApiContext& context) {
  routes.add_always("GET", "/v1/status", Lane::reads,
                    [&context](http::Request request, http::Responder responder) {
                      if (const Status known = check_parameters(request.query, {}); !known)
                        return responder.fail(known.error());
                      http::Response response = json_response(status_document(context));
                      response.headers.add("Cache-Control", "no-store");
                      responder.answer(std::move(response));
                    });
  routes.add_always("GET", "/healthz", Lane::io, [](http::Request, http::Responder responder) {
    responder.answer(plain("alive\n", "text/plain; charset=utf-8"));
  });
  routes.add_always("GET", "/readyz", Lane::io, [&context](http::Request, http::Responder responder) {
    Status ready = check_ready(context.backend);
    if (ready && context.backend.speed().stats().failure) {
      ready = fail(Code::unavailable, "the speed layer has stopped: answers do not see new events any more",
                   "the server's log says why; start the server again");
    }
    if (ready && *context.has_ended_log) {
      ready = fail(Code::unavailable, "a log has ended: no events are taken any more",
                   "the server's log says why; start the server again");
    }
    if (!ready) return responder.fail(ready.error());
    // What is served is: who can answer all but one view stays in service, and says so.
    std::string text = "ready\n";
    for (const Fault& fault : context.backend.faults())
      text += fmt::format("but {}: {}\n", fault.of, fault.error.message);
    responder.answer(plain(std::move(text), "text/plain; charset=utf-8"));
  });
  routes.add_always("GET", "/metrics", Lane::reads, [&context](http::Request, http::Responder responder) {
    responder.answer(plain(context.metrics->all().text(), Metrics::content_type));
  });
}

}  // namespace anabranch::front::http_api
