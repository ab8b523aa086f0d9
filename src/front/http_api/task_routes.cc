#include "front/http_api/request_fields.h"
#include "front/http_api/routes.h"
#include "http/problem.h"

namespace anabranch::front::http_api {
namespace {

Result<Json> list_tasks(Backend& backend, const http::Request& request) {
  TRY(check_parameters(request.query, {}));
  Json tasks = Json::array();
  for (const RunningTask& task : backend.tasks()) {
    tasks.push_back({{"id", task.id},
                     {"kind", task.kind},
                     {"of", text_or_null(task.of)},
                     {"started_at", time_json(task.started_at_us)},
                     {"limit_ms", task.limit_us / 1000},
                     {"ending", task.is_ending}});
  }
  return Json{{"tasks", std::move(tasks)}};
}

Result<Json> cancel_task(Backend& backend, const http::Request& request) {
  TRY(check_parameters(request.query, {}));
  const std::string id(*request.params.find("name"));
  TRY(backend.cancel(id));
  return Json{{"id", id}, {"cancelled", true}};
}

// Not on the threads of tasks, which may all be taken.
void add(RouteList& routes, ApiContext& context, const char* method, const char* path,
         Result<Json> (*work)(Backend&, const http::Request&)) {
  routes.add(method, path, Lane::reads, [&context, work](http::Request request, http::Responder responder) {
    const auto done = work(context.backend, request);
    if (!done)
      return responder.fail(done.error(), done.error().code == Code::not_found ? "unknown_task" : "");
    responder.answer(json_response(*done));
  });
}

}  // namespace

void fail_task(const http::Responder& responder, Error error, std::string_view name) {
  if (error.code == Code::timeout) name = "task_timeout";
  if (error.code == Code::cancelled) {
    name = "cancelled";
    error.code = Code::conflict;
  }
  responder.fail(error, name);
}

void add_task_routes(RouteList& routes, ApiContext& context) {
  add(routes, context, "GET", "/v1/tasks", list_tasks);
  add(routes, context, "POST", "/v1/tasks/{name}/cancel", cancel_task);
}

}  // namespace anabranch::front::http_api
