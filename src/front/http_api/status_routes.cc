#include <algorithm>

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

// Without the lines of streams that the caller does not see.
std::string of_seen_streams(std::string text, const Events& events, const security::Caller& caller) {
  constexpr std::string_view label = "stream=\"";
  std::string kept;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const std::string_view line = std::string_view(text).substr(at, end - at);
    at = end;
    const size_t from = line.find(label);
    if (from != line.npos) {
      const size_t begin = from + label.size();
      const std::string name(line.substr(begin, line.find('"', begin) - begin));
      if (!events.shows(caller, name)) continue;
      const bool is_of_quarantine = line.starts_with("anabranch_stream_quarantined");
      if (is_of_quarantine && !events.shows_quarantine(caller, name)) continue;
    }
    kept += line;
  }
  return kept;
}

}  // namespace

void add_status_routes(RouteList& routes, ApiContext& context) {
  routes.add_always(
      "GET", "/v1/status", Lane::reads, [&context](http::Request request, http::Responder responder) {
        if (const Status known = check_parameters(request.query, {}); !known)
          return responder.fail(known.error());
        http::Response response = json_response(status_document(context, context.caller_of(request)));
        response.headers.add("Cache-Control", "no-store");
        responder.answer(std::move(response));
      });
  routes.add_always("GET", "/healthz", Lane::io, [](http::Request, http::Responder responder) {
    responder.answer(plain("alive\n", "text/plain; charset=utf-8"));
  });
  routes.add_always(
      "GET", "/readyz", Lane::reads, [&context](http::Request request, http::Responder responder) {
        Status ready = check_ready(context.ports);
        if (ready && context.ports.reads().state().speed.failure) {
          ready =
              fail(Code::unavailable, "the speed layer has stopped: answers do not see new events any more",
                   "the server's log says why; start the server again");
        }
        if (ready && *context.has_ended_log) {
          ready = fail(Code::unavailable, "a log has ended: no events are taken any more",
                       "the server's log says why; start the server again");
        }
        if (!ready) return responder.fail(ready.error());
        // What is served is: who can answer all but one view stays in service, and says so.
        std::string text = "ready\n";
        for (const Fault& fault : context.ports.builds().faults(context.caller_of(request)))
          text += fmt::format("but {}: {}\n", fault.of, fault.error.message);
        responder.answer(plain(std::move(text), "text/plain; charset=utf-8"));
      });
  routes.add_always(
      "GET", "/metrics", Lane::reads, [&context](http::Request request, http::Responder responder) {
        const security::Caller caller = context.caller_of(request);
        responder.answer(plain(of_seen_streams(context.metrics->all().text(), context.ports.events(), caller),
                               Metrics::content_type));
      });
}

}  // namespace anabranch::front::http_api
