#include "serve/engine_reads.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "model/names.h"
#include "serve/merged_read.h"
#include "serve/view_errors.h"
#include "serve/view_sizes.h"
#include "sql/syntax.h"

namespace anabranch::serve {
namespace {

Error no_such_view() {
  return {Code::not_found, "there is no such view", "GET /v1/views lists them", std::nullopt};
}

// A block is a part of a view: nobody else can name it.
const views::Plan* find_view(const views::World& world, const CallerSight& sight, const std::string& name) {
  const views::Plan* plan = world.plan(name);
  return plan && !plan->is_hidden && sight.sees(name) ? plan : nullptr;
}

ViewRecord record_of(const speed::Epoch& epoch, const CallerSight& sight, const views::Plan& plan,
                     const std::map<std::string, ViewSize>& sizes) {
  ViewRecord record;
  record.name = plan.view;
  record.view_class = plan.view_class;
  record.is_maintained = is_maintained(epoch, plan);
  record.columns = sight.columns_of(plan);
  for (const std::string& name : plan.relations) {
    if (sight.sees(name)) record.depends_on.insert(name);
  }
  record.is_whole = sight.sees_whole(plan.view);
  if (!record.is_whole) return record;
  if (const auto built = epoch.built.find(plan.view); built != epoch.built.end())
    record.build_rows = built->second.rows;
  if (const auto size = sizes.find(plan.view); size != sizes.end()) {
    record.slice_rows = size->second.slice_rows;
    record.errors = size->second.errors;
  } else if (!plan.is_maintained()) {
    record.errors = 0;
  }
  return record;
}

// Sizes are extras: without them the views are still shown.
std::map<std::string, ViewSize> sizes_or_none(QueryService& queries) {
  auto sizes = view_sizes(queries);
  if (sizes) return std::move(*sizes);
  spdlog::warn("the sizes of views are not known: {}", sizes.error().describe());
  return {};
}

}  // namespace

Result<RowsEnd> EngineReads::query(const QueryRead& read, RowsSink& sink) {
  ReadOptions options;
  options.caller = read.terms.caller;
  options.min_offsets = read.terms.min_offsets;
  options.timeout_us = read.terms.timeout_us;
  options.is_cancelled = [cancelled = read.terms.cancelled] { return cancelled && *cancelled; };
  if (read.terms.format == RowFormat::parquet) {
    std::string file;
    const FileAnswer answer = TRY(queries_.query_parquet(read.sql, options, file));
    TRY(sink.head({{}, answer.build_id, answer.offsets, answer.epoch}));
    TRY(sink.frame(std::move(file)));
    return RowsEnd();
  }
  options.is_for_files = read.terms.format == RowFormat::arrow;
  return queries_.stream(read.sql, options, read.terms.format, read.terms.numbers, sink);
}

Result<RowsEnd> EngineReads::rows(const ViewRead& read, RowsSink& sink) {
  {
    const auto epoch = speed_.epochs().newest();
    const CallerSight sight(queries_.policy(), read.terms.caller, *epoch->world);
    if (!find_view(*epoch->world, sight, read.view)) return fail(no_such_view());
  }
  const auto view = model::RelationName::of(read.view);
  return query({read.terms, fmt::format("SELECT * FROM {}.{} LIMIT {}", sql::quote_identifier(view.layer),
                                        sql::quote_identifier(view.name), read.limit)},
               sink);
}

Result<std::vector<std::string>> EngineReads::view_names(const security::Caller& caller) {
  const auto epoch = speed_.epochs().newest();
  const CallerSight sight(queries_.policy(), caller, *epoch->world);
  std::vector<std::string> names;
  for (const views::Plan& plan : epoch->world->plans) {
    if (!plan.is_hidden && sight.sees(plan.view)) names.push_back(plan.view);
  }
  return names;
}

Result<std::vector<ViewRecord>> EngineReads::views(const security::Caller& caller) {
  const auto epoch = speed_.epochs().newest();
  const CallerSight sight(queries_.policy(), caller, *epoch->world);
  const auto sizes = sizes_or_none(queries_);
  std::vector<ViewRecord> records;
  for (const views::Plan& plan : epoch->world->plans) {
    if (!plan.is_hidden && sight.sees(plan.view)) records.push_back(record_of(*epoch, sight, plan, sizes));
  }
  return records;
}

Result<ViewDetail> EngineReads::view(const security::Caller& caller, const std::string& name) {
  const auto epoch = speed_.epochs().newest();
  const CallerSight sight(queries_.policy(), caller, *epoch->world);
  const views::Plan* plan = find_view(*epoch->world, sight, name);
  if (!plan) return fail(no_such_view());
  ViewDetail detail;
  detail.record = record_of(*epoch, sight, *plan, sizes_or_none(queries_));
  if (detail.record.is_whole) detail.plan = *plan;
  detail.has_failed = epoch->unmaintained.contains(name);
  return detail;
}

Result<ViewErrors> EngineReads::errors(const security::Caller& caller, const std::string& view,
                                       size_t limit) {
  const auto epoch = speed_.epochs().newest();
  const CallerSight sight(queries_.policy(), caller, *epoch->world);
  if (!find_view(*epoch->world, sight, view)) return fail(no_such_view());
  if (!sight.sees_whole_below({view})) {
    return fail(Code::refused, "this caller does not see all that the view is computed from",
                "recorded events are shown whole or not at all");
  }
  return recorded_errors(queries_, database_, view, limit);
}

ReadState EngineReads::state() {
  return {speed_.epochs().newest()->number, speed_.applied(), speed_.stats(), queries_.log_rows_read(),
          queries_.running()};
}

}  // namespace anabranch::serve
