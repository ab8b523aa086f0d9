#include <fmt/format.h>

#include "front/answering.h"
#include "front/problem.h"
#include "front/request_fields.h"
#include "front/routes.h"

namespace anabranch::front {
namespace {

std::string_view to_string(ProjectPlan::Kind kind) {
  switch (kind) {
    case ProjectPlan::Kind::view:
      return "view";
    case ProjectPlan::Kind::stream:
      return "stream";
    case ProjectPlan::Kind::table:
      return "table";
    case ProjectPlan::Kind::setting:
      return "setting";
  }
  return "";
}

std::string_view to_string(ProjectPlan::Change change) {
  switch (change) {
    case ProjectPlan::Change::added:
      return "added";
    case ProjectPlan::Change::changed:
      return "changed";
    case ProjectPlan::Change::recomputed:
      return "recomputed";
    case ProjectPlan::Change::removed:
      return "removed";
  }
  return "";
}

Json plan_json(const ProjectPlan& plan) {
  Json changes = Json::array();
  for (const ProjectPlan::Item& item : plan.items) {
    changes.push_back({{"kind", to_string(item.kind)},
                       {"name", item.name},
                       {"change", to_string(item.change)},
                       {"breaking", item.is_breaking},
                       {"needs_restart", item.needs_restart},
                       {"computed", item.is_computed},
                       {"events", item.events},
                       {"notes", item.notes}});
  }
  return {{"applied", plan.is_applied},
          {"breaking", plan.is_breaking()},
          {"changes", std::move(changes)},
          {"files", plan.files},
          {"events", plan.events},
          {"estimated_ms", plan.estimated_ms ? Json(*plan.estimated_ms) : Json()},
          {"build", text_or_null(plan.build_id)},
          {"warnings", plan.warnings}};
}

Result<bool> read_flag(const Json& fields, const char* name) {
  if (!fields.contains(name)) return false;
  if (fields[name].is_boolean()) return fields[name].get<bool>();
  return fail(Code::bad_input, fmt::format("'{}' must be true or false", name));
}

Result<Json> apply(Backend& backend, const Request& request) {
  TRY(check_parameters(request.query, {}));
  const Json fields = TRY(read_object(request.body, {"dry_run", "undo"}));
  ApplyRequest asked;
  asked.is_dry_run = TRY(read_flag(fields, "dry_run"));
  asked.is_undo = TRY(read_flag(fields, "undo"));
  return plan_json(TRY(backend.apply(asked)));
}

}  // namespace

void add_project_routes(RouteList& routes, ApiContext& context) {
  routes.add("GET", "/v1/project", Lane::reads, [&context](Request request, Responder responder) {
    if (const Status known = check_parameters(request.query, {}); !known)
      return responder.fail(known.error());
    responder.answer(json_response(
        {{"name", context.backend.project_name()}, {"changed_files", context.backend.changed_files(true)}}));
  });
  routes.add("POST", "/v1/apply", Lane::tasks, answering_once(context, "POST /v1/apply", apply, ""));
}

}  // namespace anabranch::front
