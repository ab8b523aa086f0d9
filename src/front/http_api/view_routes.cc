#include <algorithm>

#include <spdlog/spdlog.h>

#include "front/http_api/answering.h"
#include "front/http_api/request_fields.h"
#include "front/http_api/routes.h"
#include "model/names.h"

namespace anabranch::front::http_api {
namespace {

using views::Plan;

// A verdict is of one definition: after that has changed it says nothing.
Json verdict_json(const LastVerdict& verdict) {
  const catalog::VerdictRecord& record = verdict.record;
  return {{"result", verdict.is_stale ? "stale" : to_string(record.result)},
          {"rows", record.rows},
          {"at", time_json(record.at_us)},
          {"offsets", offsets_json(record.offsets)},
          {"source", text_or_null(record.source)},
          {"sample", text_or_null(record.sample)}};
}

// What is told of views beside how they are read, looked up once a request.
struct Extras {
  std::vector<ModelInfo> models;
  std::map<std::string, LastVerdict> verdicts;

  const ModelInfo* model(const std::string& view) const {
    const auto found = std::ranges::find(models, view, &ModelInfo::name);
    return found == models.end() ? nullptr : &*found;
  }
};

// Without verdicts the views are still shown.
Result<Extras> look(const Asked& asked) {
  Builds& builds = asked.ports.builds();
  Extras extras;
  extras.models = TRY(builds.models(asked.caller));
  if (auto verdicts = builds.last_verdicts(asked.caller)) {
    extras.verdicts = std::move(*verdicts);
  } else {
    spdlog::warn("the verdicts of views are not known: {}", verdicts.error().describe());
  }
  return extras;
}

Json number_or_null(const std::optional<int64_t>& number) { return number ? Json(*number) : Json(); }

Json view_json(const Extras& extras, const serve::ViewRecord& view) {
  const ModelInfo* model = extras.model(view.name);
  const auto verdict = extras.verdicts.find(view.name);
  return {{"name", view.name},
          {"layer", model::RelationName::of(view.name).layer},
          {"class", views::to_string(view.view_class)},
          {"maintained", view.is_maintained},
          {"description", model ? text_or_null(model->description) : Json()},
          {"columns", columns_json(view.columns)},
          {"depends_on", view.depends_on},
          {"build_rows", number_or_null(view.build_rows)},
          {"slice_rows", number_or_null(view.slice_rows)},
          {"errors", number_or_null(view.errors)},
          {"last_verify", verdict != extras.verdicts.end() ? verdict_json(verdict->second) : Json()}};
}

Json reasons_json(const serve::ViewDetail& view) {
  Json reasons = Json::array();
  if (!view.plan) return reasons;
  const auto count_or_null = [](int count) { return count > 0 ? Json(count) : Json(); };
  for (const auto& reason : view.plan->reasons) {
    reasons.push_back({{"clause", reason.clause},
                       {"reason", reason.reason},
                       {"line", count_or_null(reason.place.line)},
                       {"column", count_or_null(reason.place.column)}});
  }
  if (view.has_failed) {
    reasons.push_back({{"clause", "data"},
                       {"reason",
                        "a tick or a build failed to compute it on its events; a read gives the error, if "
                        "there still is one"},
                       {"line", nullptr},
                       {"column", nullptr}});
  }
  return reasons;
}

Json plan_json(const std::optional<Plan>& plan) {
  if (!plan || !plan->is_maintained()) return nullptr;
  Json parts = Json::array();
  for (const auto& part : plan->parts) {
    parts.push_back({{"name", part.name}, {"partial", part.partial}, {"merge", part.merge}});
  }
  return {{"rows", plan->rows}, {"parts", std::move(parts)}, {"finalise", plan->finalise}};
}

Result<Json> all_views(const Asked& asked) {
  TRY(check_parameters(asked.request.query, {}));
  const Extras extras = TRY(look(asked));
  Json views = Json::array();
  for (const auto& view : TRY(asked.ports.reads().views(asked.caller)))
    views.push_back(view_json(extras, view));
  return Json{{"views", std::move(views)}};
}

Result<Json> one_view(const Asked& asked) {
  TRY(check_parameters(asked.request.query, {}));
  const std::string name(*asked.request.params.find("name"));
  const serve::ViewDetail detail = TRY(asked.ports.reads().view(asked.caller, name));
  const Extras extras = TRY(look(asked));
  const ModelInfo* model = extras.model(name);
  Json view = view_json(extras, detail.record);
  view["sql"] = model ? model->sql : "";
  view["file"] = model ? model->file : "";
  view["reasons"] = reasons_json(detail);
  view["plan"] = plan_json(detail.plan);
  return view;
}

Result<Json> view_errors(const Asked& asked) {
  TRY(check_parameters(asked.request.query, {"limit"}));
  const std::string name(*asked.request.params.find("name"));
  const size_t limit = TRY(read_limit(asked.request.query, 100, 10'000));
  const auto found = TRY(asked.ports.reads().errors(asked.caller, name, limit));
  Json errors = Json::array();
  for (const auto& error : found.errors) {
    errors.push_back({{"stream", error.stream},
                      {"partition", error.partition},
                      {"offset", error.offset},
                      {"message", error.message},
                      {"raw", text_or_null(error.raw)}});
  }
  return Json{{"view", name}, {"total", found.total}, {"errors", std::move(errors)}};
}

}  // namespace

void add_view_routes(RouteList& routes, ApiContext& context) {
  routes.add("GET", "/v1/views", Lane::reads, answering_read(context, all_views, "unknown_view"));
  routes.add("GET", "/v1/views/{name}", Lane::reads, answering_read(context, one_view, "unknown_view"));
  routes.add("GET", "/v1/views/{name}/errors", Lane::queries,
             answering_read(context, view_errors, "unknown_view"));
}

}  // namespace anabranch::front::http_api
