#include "front/http_api/answering.h"
#include "front/http_api/request_fields.h"
#include "front/http_api/routes.h"
#include "http/problem.h"

namespace anabranch::front::http_api {
namespace {

Result<Json> list_tasks(const Asked& asked) {
  TRY(check_parameters(asked.request.query, {}));
  Json tasks = Json::array();
  for (const RunningTask& task : TRY(asked.ports.builds().tasks(asked.caller))) {
    tasks.push_back({{"id", task.id},
                     {"kind", task.kind},
                     {"of", text_or_null(task.of)},
                     {"started_at", time_json(task.started_at_us)},
                     {"limit_ms", task.limit_us / 1000},
                     {"ending", task.is_ending}});
  }
  return Json{{"tasks", std::move(tasks)}};
}

Result<Json> cancel_task(const Asked& asked) {
  TRY(check_parameters(asked.request.query, {}));
  const std::string id(*asked.request.params.find("name"));
  TRY(asked.ports.builds().cancel(asked.caller, id));
  return Json{{"id", id}, {"cancelled", true}};
}

}  // namespace

void fail_task(const http::Responder& responder, Error error, std::string_view name) {
  if (error.code == Code::refused) name = "refused";
  if (error.code == Code::timeout) name = "task_timeout";
  if (error.code == Code::cancelled) {
    name = "cancelled";
    error.code = Code::conflict;
  }
  responder.fail(error, name);
}

void add_task_routes(RouteList& routes, ApiContext& context) {
  // Not on the threads of tasks, which may all be taken.
  routes.add("GET", "/v1/tasks", Lane::reads, answering_read(context, list_tasks, "unknown_task"));
  routes.add("POST", "/v1/tasks/{name}/cancel", Lane::reads,
             answering_read(context, cancel_task, "unknown_task"));
}

}  // namespace anabranch::front::http_api
