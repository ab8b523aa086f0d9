#include "front/http_api/answering.h"

#include "front/http_api/routes.h"
#include "front/http_api/sender.h"
#include "http/problem.h"

namespace anabranch::front::http_api {
namespace {

std::string_view name_of(const Error& error, std::string_view not_found_name) {
  return error.code == Code::not_found ? not_found_name : "";
}

// An answer is of what its caller may see, so a key is the caller's own.
std::string scope_of(std::string_view route, const security::Caller& caller) {
  std::string scope(route);
  if (!caller.name.empty()) return scope + " of " + caller.name;
  for (const std::string& role : caller.roles) scope += " as " + role;
  return scope;
}

// A request with a key is carried out once; a repeat has the first answer.
Result<http::Response> once(ApiContext& context, std::string_view route, const std::string& key,
                            const http::Request& request, Check check, Work work) {
  Builds& builds = context.ports.builds();
  const security::Caller caller = context.caller_of(request);
  TRY(check({request, caller, context.ports}));
  const std::string scope = scope_of(route, caller);
  http::Response response;
  if (auto known = TRY(context.keyed.begin(builds, scope, key, request.body))) {
    response.body = std::move(*known);
    response.headers.add("Idempotent-Replayed", "true");
    return response;
  }
  struct Ending {
    ApiContext& context;
    const std::string& scope;
    const std::string& key;
    ~Ending() { context.keyed.end(scope, key); }  // when the work throws, too
  } const ending{context, scope, key};
  response.body = TRY(work({request, caller, context.ports})).dump();
  TRY(KeyedRequests::keep(builds, scope, key, request.body, response.body));
  return response;
}

}  // namespace

http::Handler answering(ApiContext& context, Work work, std::string_view not_found_name) {
  return [&context, work, not_found_name](http::Request request, http::Responder responder) {
    const auto done = work({request, context.caller_of(request), context.ports});
    if (!done) return fail_task(responder, done.error(), name_of(done.error(), not_found_name));
    responder.answer(json_response(*done));
  };
}

http::Handler answering_read(ApiContext& context, Work work, std::string_view not_found_name) {
  return [&context, work, not_found_name](http::Request request, http::Responder responder) {
    const auto done = work({request, context.caller_of(request), context.ports});
    if (!done && done.error().code == Code::refused) return responder.fail(done.error(), "refused");
    if (!done) return responder.fail(done.error(), name_of(done.error(), not_found_name));
    responder.answer(json_response(*done));
  };
}

http::Handler answering_once(ApiContext& context, std::string_view route, Check check, Work work,
                             std::string_view not_found_name) {
  return [&context, route, check, work, not_found_name](http::Request request, http::Responder responder) {
    const auto key = key_of(request.headers);
    if (!key) return responder.fail(key.error());
    if (!*key) return answering(context, work, not_found_name)(std::move(request), std::move(responder));
    auto answer = once(context, route, **key, request, check, work);
    if (!answer) return fail_task(responder, answer.error(), name_of(answer.error(), not_found_name));
    responder.answer(std::move(*answer));
  };
}

}  // namespace anabranch::front::http_api
