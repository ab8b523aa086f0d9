#include "front/builds.h"

#include <algorithm>

#include "model/names.h"
#include "serve/caller_sight.h"
#include "sql/syntax.h"

namespace anabranch::front {
namespace {

constexpr const char* kept_from_caller =
    "not shown: the caller does not see all that the view is computed from";

void keep_seen(model::Offsets& offsets, const security::Policy& policy, const security::Caller& caller) {
  std::erase_if(offsets,
                [&](const auto& entry) { return !policy.shows(caller, model::bronze(entry.first).text()); });
}

}  // namespace

// "bronze.planes", "gold.daily"; what is none of them, as "build 2026…", is for everybody.
bool Builds::sees(const security::Caller& caller, std::string_view name) const {
  return policy_->shows(caller, sql::lower(name));
}

bool Builds::sees_below(const security::Caller& caller, const std::string& view) const {
  const auto world = this->world();
  if (!world) return policy_->shows_whole(caller, sql::lower(view));
  return serve::CallerSight(*policy_, caller, *world).sees_whole_below({view});
}

std::vector<ModelInfo> Builds::models(const security::Caller& caller) const {
  std::vector<ModelInfo> all = models();
  std::erase_if(all, [&](const ModelInfo& model) { return !sees(caller, model.name); });
  for (ModelInfo& model : all) {
    if (!policy_->shows_whole(caller, sql::lower(model.name))) model.sql.clear();
  }
  return all;
}

std::vector<RunningTask> Builds::tasks(const security::Caller& caller) const {
  std::vector<RunningTask> all = tasks();
  for (RunningTask& task : all) {
    if (!sees(caller, model::bronze(task.of).text()) || !sees(caller, task.of)) task.of.clear();
  }
  return all;
}

std::vector<Fault> Builds::faults(const security::Caller& caller) const {
  std::vector<Fault> all = faults();
  std::erase_if(all, [&](const Fault& fault) { return !sees(caller, fault.of); });
  // What the data made fail is told with the values that did.
  for (Fault& fault : all) {
    if (!sees_below(caller, fault.of)) fault.error.message = kept_from_caller;
  }
  return all;
}

std::optional<PublishedBuild> Builds::published_build(const security::Caller& caller) const {
  auto build = published_build();
  if (build) keep_seen(build->cutoff, *policy_, caller);
  return build;
}

std::optional<int64_t> Builds::published_at_us() const {
  const auto build = published_build();
  return build ? std::optional(build->published_at_us) : std::nullopt;
}

Result<std::vector<catalog::BuildRun>> Builds::builds(const security::Caller& caller, size_t limit) {
  auto runs = TRY(catalog().builds(limit));
  for (catalog::BuildRun& run : runs) {
    std::erase_if(run.start.views, [&](const std::string& view) { return !sees(caller, view); });
    keep_seen(run.start.cutoff, *policy_, caller);
    if (!run.end) continue;
    std::erase_if(run.end->warnings,
                  [&](const auto& warning) { return !warning.view.empty() && !sees(caller, warning.view); });
    for (auto& warning : run.end->warnings) {
      if (!warning.view.empty() && !sees_below(caller, warning.view)) warning.message = kept_from_caller;
    }
  }
  return runs;
}

Result<std::vector<std::pair<std::string, catalog::BuildState>>> Builds::states(size_t limit) {
  std::vector<std::pair<std::string, catalog::BuildState>> states;
  for (const catalog::BuildRun& run : TRY(catalog().builds(limit)))
    states.emplace_back(run.start.id, run.state);
  return states;
}

Result<std::map<std::string, LastVerdict>> Builds::last_verdicts(const security::Caller& caller) {
  std::map<std::string, LastVerdict> verdicts;
  const auto world = this->world();
  if (!world) return verdicts;
  for (auto& record : TRY(catalog().last_verdicts())) {
    if (!sees_below(caller, record.view)) continue;
    const bool is_stale =
        !record.definition.empty() && record.definition != quality::definition_of(*world, record.view);
    keep_seen(record.offsets, *policy_, caller);
    const std::string view = record.view;
    verdicts[view] = {std::move(record), is_stale};
  }
  return verdicts;
}

Result<ProjectDiff> Builds::diff(const security::Caller& caller, const DiffRequest& request) {
  ProjectDiff diff = TRY(this->diff(request));
  std::erase_if(diff.views, [&](const auto& view) { return !sees(caller, view.name); });
  keep_seen(diff.offsets, *policy_, caller);
  // Any project may be compared, so its views may show whatever there is.
  const auto world = this->world();
  const bool sees_all = world && std::ranges::all_of(world->relations, [&](const auto& entry) {
                          return entry.second.is_block || policy_->shows_whole(caller, entry.first);
                        });
  if (sees_all) return diff;
  for (ProjectDiff::View& view : diff.views) {
    ProjectDiff::View left;
    left.name = view.name;
    left.change = view.change;
    left.not_compared = kept_from_caller;
    view = std::move(left);
  }
  return diff;
}

Result<std::vector<quality::Verdict>> Builds::verify(const security::Caller& caller,
                                                     const quality::Verifier::Request& request) {
  auto verdicts = TRY(verify(request));
  for (quality::Verdict& verdict : verdicts) {
    keep_seen(verdict.offsets, *policy_, caller);
    if (sees_below(caller, verdict.view)) continue;
    verdict.rows = 0;
    verdict.differences.clear();
    verdict.note = kept_from_caller;
  }
  return verdicts;
}

Result<std::optional<catalog::KeyedAnswer>> Builds::keyed_answer(std::string_view route,
                                                                 std::string_view key) {
  return catalog().keyed_answer(route, key);
}

Status Builds::keep_keyed_answer(const catalog::KeyedAnswer& answer) {
  return catalog().keep_keyed_answer(answer);
}

}  // namespace anabranch::front
