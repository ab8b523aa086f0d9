#include <algorithm>

#include <spdlog/spdlog.h>

#include "front/http_api/request_fields.h"
#include "front/http_api/routes.h"
#include "front/http_api/view_sizes.h"
#include "http/problem.h"
#include "model/names.h"

namespace anabranch::front::http_api {
namespace {

using views::Plan;

// A verdict is of one definition: after that has changed it says nothing.
Json verdict_json(const catalog::VerdictRecord& verdict, const views::World& world) {
  const bool is_stale =
      !verdict.definition.empty() && verdict.definition != quality::definition_of(world, verdict.view);
  return {{"result", is_stale ? "stale" : to_string(verdict.result)},
          {"rows", verdict.rows},
          {"at", time_json(verdict.at_us)},
          {"offsets", offsets_json(verdict.offsets)},
          {"source", text_or_null(verdict.source)},
          {"sample", text_or_null(verdict.sample)}};
}

// All that the records of views are made of, looked up once a request.
struct Sight {
  speed::EpochPtr epoch;
  std::vector<ModelInfo> models;
  std::map<std::string, ViewSize> sizes;
  std::map<std::string, catalog::VerdictRecord> verdicts;

  const ModelInfo* model(const std::string& view) const {
    const auto found = std::ranges::find(models, view, &ModelInfo::name);
    return found == models.end() ? nullptr : &*found;
  }
};

// Sizes and verdicts are extras: without them the views are still shown.
Sight look(Backend& backend) {
  Sight sight{backend.speed().epochs().newest(), backend.models(), {}, {}};
  if (auto sizes = view_sizes(backend.queries())) {
    sight.sizes = std::move(*sizes);
  } else {
    spdlog::warn("the sizes of views are not known: {}", sizes.error().describe());
  }
  if (auto verdicts = backend.catalog().last_verdicts()) {
    for (auto& verdict : *verdicts) sight.verdicts[verdict.view] = std::move(verdict);
  } else {
    spdlog::warn("the verdicts of views are not known: {}", verdicts.error().describe());
  }
  return sight;
}

Json view_json(const Sight& sight, const Plan& plan) {
  const ModelInfo* model = sight.model(plan.view);
  const auto built = sight.epoch->built.find(plan.view);
  const auto size = sight.sizes.find(plan.view);
  const auto verdict = sight.verdicts.find(plan.view);
  const bool is_maintained = plan.is_maintained() && !sight.epoch->unmaintained.contains(plan.view);
  const bool has_size = size != sight.sizes.end();
  return {{"name", plan.view},
          {"layer", model::RelationName::of(plan.view).layer},
          {"class", views::to_string(plan.view_class)},
          {"maintained", is_maintained},
          {"description", model ? text_or_null(model->description) : Json()},
          {"columns", columns_json(plan.columns)},
          {"depends_on", plan.relations},
          {"build_rows", built != sight.epoch->built.end() ? Json(built->second.rows) : Json()},
          {"slice_rows", has_size ? Json(size->second.slice_rows) : Json()},
          {"errors", has_size ? Json(size->second.errors) : Json(plan.is_maintained() ? Json() : Json(0))},
          {"last_verify",
           verdict != sight.verdicts.end() ? verdict_json(verdict->second, *sight.epoch->world) : Json()}};
}

Json reasons_json(const Sight& sight, const Plan& plan) {
  Json reasons = Json::array();
  const auto count_or_null = [](int count) { return count > 0 ? Json(count) : Json(); };
  for (const auto& reason : plan.reasons) {
    reasons.push_back({{"clause", reason.clause},
                       {"reason", reason.reason},
                       {"line", count_or_null(reason.place.line)},
                       {"column", count_or_null(reason.place.column)}});
  }
  if (sight.epoch->unmaintained.contains(plan.view)) {
    reasons.push_back({{"clause", "data"},
                       {"reason",
                        "a tick or a build failed to compute it on its events; a read gives the error, if "
                        "there still is one"},
                       {"line", nullptr},
                       {"column", nullptr}});
  }
  return reasons;
}

Json plan_json(const Plan& plan) {
  if (!plan.is_maintained()) return nullptr;
  Json parts = Json::array();
  for (const auto& part : plan.parts) {
    parts.push_back({{"name", part.name}, {"partial", part.partial}, {"merge", part.merge}});
  }
  return {{"rows", plan.rows}, {"parts", std::move(parts)}, {"finalise", plan.finalise}};
}

Result<Json> all_views(Backend& backend, const http::Request& request) {
  TRY(check_parameters(request.query, {}));
  const Sight sight = look(backend);
  Json views = Json::array();
  for (const Plan& plan : sight.epoch->world->plans) {
    if (!plan.is_hidden) views.push_back(view_json(sight, plan));
  }
  return Json{{"views", std::move(views)}};
}

Result<Json> one_view(Backend& backend, const http::Request& request) {
  TRY(check_parameters(request.query, {}));
  const std::string name(*request.params.find("name"));
  const Sight sight = look(backend);
  const Plan* plan = sight.epoch->world->plan(name);
  if (!plan || plan->is_hidden)
    return fail(Code::not_found, "there is no such view", "GET /v1/views lists them");
  const ModelInfo* model = sight.model(name);
  Json view = view_json(sight, *plan);
  view["sql"] = model ? model->sql : "";
  view["file"] = model ? model->file : "";
  view["reasons"] = reasons_json(sight, *plan);
  view["plan"] = plan_json(*plan);
  return view;
}

Result<Json> view_errors(Backend& backend, const http::Request& request) {
  TRY(check_parameters(request.query, {"limit"}));
  const std::string name(*request.params.find("name"));
  const size_t limit = TRY(read_limit(request.query, 100, 10'000));
  const auto epoch = backend.speed().epochs().newest();
  if (!epoch->world->plan(name))
    return fail(Code::not_found, "there is no such view", "GET /v1/views lists them");
  const auto found = TRY(backend.view_errors(name, limit));
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

http::Handler answering(ApiContext& context, Result<Json> (*document)(Backend&, const http::Request&)) {
  return [&context, document](http::Request request, http::Responder responder) {
    const auto made = document(context.backend, request);
    if (!made)
      return responder.fail(made.error(), made.error().code == Code::not_found ? "unknown_view" : "");
    responder.answer(json_response(*made));
  };
}

}  // namespace

void add_view_routes(RouteList& routes, ApiContext& context) {
  routes.add("GET", "/v1/views", Lane::reads, answering(context, all_views));
  routes.add("GET", "/v1/views/{name}", Lane::reads, answering(context, one_view));
  routes.add("GET", "/v1/views/{name}/errors", Lane::queries, answering(context, view_errors));
}

}  // namespace anabranch::front::http_api
