#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "front/http_api/answering.h"
#include "front/http_api/request_fields.h"
#include "front/http_api/routes.h"
#include "http/problem.h"

namespace anabranch::front::http_api {
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
                       {"events", plan.is_whole ? Json(item.events) : Json()},
                       {"notes", item.notes}});
  }
  return {{"applied", plan.is_applied},
          {"breaking", plan.is_breaking()},
          {"changes", std::move(changes)},
          {"files", plan.files},
          {"events", plan.is_whole ? Json(plan.events) : Json()},
          {"estimated_ms", plan.estimated_ms ? Json(*plan.estimated_ms) : Json()},
          {"build", text_or_null(plan.build_id)},
          {"warnings", plan.warnings}};
}

Result<bool> read_flag(const Json& fields, const char* name) {
  if (!fields.contains(name)) return false;
  if (fields[name].is_boolean()) return fields[name].get<bool>();
  return fail(Code::bad_input, fmt::format("'{}' must be true or false", name));
}

Result<ApplyRequest> read_apply(const Asked& asked) {
  TRY(check_parameters(asked.request.query, {}));
  const Json fields = TRY(read_object(asked.request.body, {"dry_run", "undo"}));
  ApplyRequest order;
  order.is_dry_run = TRY(read_flag(fields, "dry_run"));
  order.is_undo = TRY(read_flag(fields, "undo"));
  return order;
}

Status may_apply(const Asked& asked) {
  return asked.ports.builds().may_apply(asked.caller, TRY(read_apply(asked)));
}

Result<Json> apply(const Asked& asked) {
  return plan_json(TRY(asked.ports.builds().apply(asked.caller, TRY(read_apply(asked)))));
}

Json columns_json(const std::vector<model::RelationColumn>& columns) {
  Json all = Json::array();
  for (const auto& column : columns) all.push_back({{"name", column.name}, {"type", column.type}});
  return all;
}

Json number_or_null(const std::optional<int64_t>& number) { return number ? Json(*number) : Json(); }

Json view_json(const ProjectDiff::View& view) {
  Json retyped = Json::array();
  for (const auto& column : view.columns_retyped)
    retyped.push_back({{"name", column.name}, {"before", column.before}, {"after", column.after}});
  Json sample = Json::array();
  for (const ProjectDiff::Row& row : view.sample) {
    Json values = Json::array();
    for (const auto& value : row.values) values.push_back(value ? Json(*value) : Json());
    sample.push_back(
        {{"side", row.is_after ? "after" : "before"}, {"count", row.count}, {"row", std::move(values)}});
  }
  return {{"name", view.name},
          {"change", to_string(view.change)},
          {"columns_added", columns_json(view.columns_added)},
          {"columns_removed", columns_json(view.columns_removed)},
          {"columns_retyped", std::move(retyped)},
          {"rows_before", number_or_null(view.rows_before)},
          {"rows_after", number_or_null(view.rows_after)},
          {"only_before", number_or_null(view.only_before)},
          {"only_after", number_or_null(view.only_after)},
          {"columns", view.columns},
          {"sample", std::move(sample)},
          {"not_compared", text_or_null(view.not_compared)},
          {"notes", view.notes}};
}

Result<std::optional<std::map<std::string, std::string>>> read_texts(const Json& fields, const char* name) {
  std::optional<std::map<std::string, std::string>> texts;
  if (!fields.contains(name) || fields[name].is_null()) return texts;
  const auto wrong = [&] {
    return fail(Code::bad_input, fmt::format("'{}' must be an object of files: path and text", name));
  };
  if (!fields[name].is_object()) return wrong();
  texts.emplace();
  for (const auto& [path, text] : fields[name].items()) {
    if (!text.is_string()) return wrong();
    (*texts)[path] = text.get<std::string>();
  }
  return texts;
}

constexpr int64_t sample_most = 100;

Result<Json> diff(const Asked& asked) {
  TRY(check_parameters(asked.request.query, {}));
  const Json fields = TRY(read_object(asked.request.body, {"before", "after", "sample"}));
  DiffRequest order;
  order.before = TRY(read_texts(fields, "before"));
  order.after = TRY(read_texts(fields, "after"));
  if (const auto sample = TRY(read_integer(fields, "sample", 0)))
    order.sample_max = static_cast<size_t>(std::min(*sample, sample_most));
  const ProjectDiff diff = TRY(asked.ports.builds().diff(asked.caller, order));
  Json views = Json::array();
  for (const auto& view : diff.views) views.push_back(view_json(view));
  Json document = {{"different", diff.is_different()}, {"offsets", offsets_json(diff.offsets)}};
  const Json plan = plan_json(diff.plan);
  for (const char* key : {"breaking", "changes", "files", "events", "estimated_ms", "warnings"})
    document[key] = plan[key];
  document["views"] = std::move(views);
  return document;
}

std::string_view to_string(Droppable::Kind kind) {
  switch (kind) {
    case Droppable::Kind::stream:
      return "stream";
    case Droppable::Kind::table:
      return "table";
    case Droppable::Kind::view:
      return "view";
  }
  return "";
}

Result<DropRequest> read_drop(const Asked& asked) {
  TRY(check_parameters(asked.request.query, {}));
  const Json fields = TRY(read_object(asked.request.body, {"names", "dry_run"}));
  DropRequest order;
  order.names = TRY(read_names(fields, "names"));
  order.is_dry_run = TRY(read_flag(fields, "dry_run"));
  return order;
}

Status may_drop(const Asked& asked) {
  return asked.ports.builds().may_drop(asked.caller, TRY(read_drop(asked)));
}

Result<Json> drop(const Asked& asked) {
  const ProjectDrop drop = TRY(asked.ports.builds().drop(asked.caller, TRY(read_drop(asked))));
  Json items = Json::array();
  for (const Droppable& item : drop.items) {
    items.push_back({{"kind", to_string(item.kind)},
                     {"name", item.name},
                     {"bytes", item.bytes},
                     {"folders", item.folders},
                     {"notes", item.notes}});
  }
  return Json{{"dropped", drop.is_dropped}, {"items", std::move(items)}};
}

Result<Json> project(const Asked& asked) {
  TRY(check_parameters(asked.request.query, {}));
  return Json{{"name", asked.ports.project_name()},
              {"changed_files", TRY(asked.ports.builds().changed_files(asked.caller, true))}};
}

}  // namespace

void add_project_routes(RouteList& routes, ApiContext& context) {
  routes.add("GET", "/v1/project", Lane::reads, answering_read(context, project, ""));
  routes.add("POST", "/v1/apply", Lane::tasks,
             answering_once(context, "POST /v1/apply", may_apply, apply, ""));
  routes.add("POST", "/v1/diff", Lane::tasks, answering(context, diff, ""));
  routes.add("POST", "/v1/drop", Lane::tasks, answering_once(context, "POST /v1/drop", may_drop, drop, ""));
}

}  // namespace anabranch::front::http_api
