#include <algorithm>

#include <fmt/format.h>

#include "front/http_api/answering.h"
#include "front/http_api/build_record.h"
#include "front/http_api/request_fields.h"
#include "front/http_api/routes.h"
#include "front/http_api/sender.h"
#include "http/problem.h"

namespace anabranch::front::http_api {

Json build_record(const catalog::BuildRun& run) {
  const auto& end = run.end;
  Json warnings = Json::array();
  if (end) {
    for (const auto& warning : end->warnings)
      warnings.push_back({{"view", text_or_null(warning.view)}, {"message", warning.message}});
  }
  return {{"id", run.start.id},
          {"state", catalog::to_string(run.state)},
          {"reason", text_or_null(run.start.reason)},
          {"views", run.start.views},
          {"cutoff", offsets_json(run.start.cutoff)},
          {"started_at", time_json(run.start.started_at_us)},
          {"finished_at", end ? time_json(end->finished_at_us) : Json()},
          {"duration_ms", end ? Json((end->finished_at_us - run.start.started_at_us) / 1000) : Json()},
          {"rows", end ? Json(end->rows) : Json()},
          {"peak_memory_bytes", end ? Json(end->peak_memory_bytes) : Json()},
          {"error", end ? text_or_null(end->error) : Json()},
          {"warnings", std::move(warnings)}};
}

namespace {

Result<std::vector<std::string>> read_build(const Asked& asked) {
  TRY(check_parameters(asked.request.query, {}));
  return read_names(TRY(read_object(asked.request.body, {"views"})), "views");
}

Status may_build(const Asked& asked) {
  return asked.ports.builds().may_build(asked.caller, TRY(read_build(asked)));
}

Result<Json> list_builds(const Asked& asked) {
  TRY(check_parameters(asked.request.query, {"limit"}));
  const auto runs =
      TRY(asked.ports.builds().builds(asked.caller, TRY(read_limit(asked.request.query, 50, 1000))));
  Json builds = Json::array();
  for (const auto& run : runs) builds.push_back(build_record(run));
  return Json{{"builds", std::move(builds)}};
}

Result<Json> run_build(const Asked& asked) {
  const std::string id = TRY(asked.ports.builds().build(asked.caller, TRY(read_build(asked)), "asked"));
  for (const auto& run : TRY(asked.ports.builds().builds(asked.caller, 100))) {
    if (run.start.id == id) return build_record(run);
  }
  return fail(Code::internal, fmt::format("the catalogue has no build {}", id));
}

Json row_json(const std::optional<std::vector<std::optional<std::string>>>& row) {
  if (!row) return nullptr;
  Json values = Json::array();
  for (const auto& value : *row) values.push_back(value ? Json(*value) : Json());
  return values;
}

Json verdict_json(const quality::Verdict& verdict) {
  Json differences = Json::array();
  for (const auto& difference : verdict.differences) {
    differences.push_back({{"columns", difference.columns},
                           {"expected", row_json(difference.expected)},
                           {"actual", row_json(difference.actual)}});
  }
  return {{"view", verdict.view},
          {"result", to_string(verdict.outcome)},
          {"rows", verdict.rows},
          {"offsets", offsets_json(verdict.offsets)},
          {"elapsed_ms", to_ms(verdict.elapsed_us)},
          {"source", text_or_null(verdict.source)},
          {"sample", text_or_null(verdict.sample)},
          {"predicates", verdict.predicates},
          {"note", text_or_null(verdict.note)},
          {"differences", std::move(differences)}};
}

Result<Json> run_verify(const Asked& asked) {
  TRY(check_parameters(asked.request.query, {}));
  const Json fields = TRY(read_object(asked.request.body, {"views", "sample"}));
  quality::Verifier::Request verify;
  verify.views = TRY(read_names(fields, "views"));
  const Json& sample = fields.contains("sample") ? fields["sample"] : Json(false);
  if (!sample.is_boolean()) return fail(Code::bad_input, "'sample' must be true or false");
  verify.is_sample = sample.get<bool>();
  verify.is_cancelled = [&] { return asked.request.cancelled && *asked.request.cancelled; };
  TRY(asked.ports.builds().may_verify(asked.caller, verify.views));
  const auto verdicts = asked.ports.builds().verify(asked.caller, verify);
  Json results = Json::array();
  if (verdicts) {
    for (const auto& verdict : *verdicts) results.push_back(verdict_json(verdict));
    return Json{{"results", std::move(results)}};
  }
  if (verdicts.error().code == Code::not_found || verdicts.error().code == Code::cancelled)
    return fail(verdicts.error());
  if (verify.views.empty()) verify.views = TRY(asked.ports.reads().view_names(asked.caller));
  for (const std::string& view : verify.views) {
    quality::Verdict failed;
    failed.view = view;
    failed.outcome = quality::Verdict::Outcome::failed;
    failed.note = public_message(verdicts.error());
    results.push_back(verdict_json(failed));
  }
  return Json{{"results", std::move(results)}};
}

Result<std::vector<std::string>> read_copy(const Asked& asked) {
  TRY(check_parameters(asked.request.query, {}));
  return read_names(TRY(read_object(asked.request.body, {"sources"})), "sources");
}

Status may_copy(const Asked& asked) {
  return asked.ports.tables().may_copy(asked.caller, TRY(read_copy(asked)));
}

Result<Json> run_copy(const Asked& asked) {
  const auto copied = TRY(asked.ports.tables().copy(asked.caller, TRY(read_copy(asked))));
  Json tables = Json::array();
  for (const TableCopied& table : copied) {
    tables.push_back({{"name", table.name},
                      {"version", table.version},
                      {"rows", table.rows ? Json(*table.rows) : Json()},
                      {"changed", table.has_changed}});
  }
  return Json{{"tables", std::move(tables)}};
}

}  // namespace

void add_build_routes(RouteList& routes, ApiContext& context) {
  routes.add("GET", "/v1/builds", Lane::reads, answering(context, list_builds, ""));
  routes.add("POST", "/v1/builds", Lane::tasks,
             answering_once(context, "POST /v1/builds", may_build, run_build, "unknown_view"));
  routes.add("POST", "/v1/verify", Lane::tasks, answering(context, run_verify, "unknown_view"));
  routes.add("POST", "/v1/copy", Lane::tasks,
             answering_once(context, "POST /v1/copy", may_copy, run_copy, ""));
}

}  // namespace anabranch::front::http_api
