#include "front/guarded_builds.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "front/kept_from_caller.h"
#include "model/names.h"
#include "serve/caller_sight.h"
#include "sql/syntax.h"

namespace anabranch::front {
namespace {

void keep_seen(model::Offsets& offsets, const security::Policy& policy, const security::Caller& caller) {
  std::erase_if(offsets,
                [&](const auto& entry) { return !policy.shows(caller, model::bronze(entry.first).text()); });
}

std::string in_bronze(const std::string& name) { return model::bronze(name).text(); }

// "clicks", "bronze.clicks", "gold.daily" as drop takes them.
std::string relation_of(const std::string& name) {
  return model::RelationName::parse(name) ? sql::lower(name) : in_bronze(sql::lower(name));
}

}  // namespace

// "bronze.planes", "gold.daily"; what is none of them, as "build 2026…", is for everybody.
bool GuardedBuilds::sees(const security::Caller& caller, std::string_view name) const {
  return policy_->shows(caller, sql::lower(name));
}

bool GuardedBuilds::sees_below(const security::Caller& caller, const std::string& view) const {
  const auto world = all_.world();
  if (!world) return policy_->shows_whole(caller, sql::lower(view));
  return serve::CallerSight(*policy_, caller, *world).sees_whole_below({view});
}

// Of no view: all that there is.
bool GuardedBuilds::sees_all_below(const security::Caller& caller,
                                   const std::vector<std::string>& views) const {
  if (views.empty()) return sees_all(caller);
  return std::ranges::all_of(views, [&](const std::string& view) { return sees_below(caller, view); });
}

bool GuardedBuilds::sees_all(const security::Caller& caller) const {
  const auto world = all_.world();
  if (!world) return false;
  const auto is_whole = [&](std::string_view name) { return policy_->shows_whole(caller, sql::lower(name)); };
  return std::ranges::all_of(
             world->relations,
             [&](const auto& entry) { return entry.second.is_block || is_whole(entry.first); }) &&
         std::ranges::all_of(world->absent, [&](const auto& entry) { return is_whole(entry.first); }) &&
         std::ranges::all_of(all_.models(), [&](const ModelInfo& model) { return is_whole(model.name); });
}

// A file of a source may be of several tables: its name is for everybody.
bool GuardedBuilds::sees_file(const security::Caller& caller, const std::string& file) const {
  const std::filesystem::path path(file);
  const std::vector<std::string> parts(path.begin(), path.end());
  const std::string name = path.stem().string();
  if (parts.size() == 3 && parts[0] == "models")
    return sees(caller, model::RelationName{parts[1], name}.text());
  if (parts.size() == 2 && parts[0] == "streams") return sees(caller, in_bronze(name));
  return true;
}

Status GuardedBuilds::check_views(const security::Caller& caller,
                                  const std::vector<std::string>& views) const {
  const auto world = all_.world();
  const auto all = all_.models();  // a new one is read only after its build
  for (const std::string& view : views) {
    const views::Plan* plan = world ? world->plan(view) : nullptr;
    const bool is_known =
        (plan && !plan->is_hidden) || std::ranges::find(all, view, &ModelInfo::name) != all.end();
    if (!is_known || !sees(caller, view))
      return fail(Code::not_found, fmt::format("there is no view {}", view), "anabranch status lists them");
  }
  return {};
}

Status GuardedBuilds::check_each(const security::Caller& caller, security::Right right,
                                 const std::vector<std::string>& views) const {
  if (views.empty()) return policy_->check(caller, right);
  for (const std::string& view : views) TRY(policy_->check(caller, right, sql::lower(view)));
  return {};
}

Result<std::vector<ModelInfo>> GuardedBuilds::models(const security::Caller& caller) const {
  std::vector<ModelInfo> all = all_.models();
  std::erase_if(all, [&](const ModelInfo& model) { return !sees(caller, model.name); });
  for (ModelInfo& model : all) {
    if (!policy_->shows_whole(caller, sql::lower(model.name))) model.sql.clear();
  }
  return all;
}

Result<std::vector<RunningTask>> GuardedBuilds::tasks(const security::Caller& caller) const {
  std::vector<RunningTask> all = all_.tasks();
  const auto world = all_.world();
  const auto is_hidden = [&](const auto& entry) {
    return model::RelationName::of(entry.first).is_bronze() && !policy_->shows(caller, entry.first);
  };
  const bool sees_bronze = world && std::ranges::none_of(world->relations, is_hidden) &&
                           std::ranges::none_of(world->absent, is_hidden);
  for (RunningTask& task : all) {
    const bool is_of_sources = task.kind == "copy";  // they may have hidden tables alone
    if (is_of_sources ? !sees_bronze : !sees(caller, in_bronze(task.of)) || !sees(caller, task.of))
      task.of.clear();
  }
  return all;
}

std::vector<Fault> GuardedBuilds::faults(const security::Caller& caller) const {
  std::vector<Fault> all = all_.faults();
  std::erase_if(all, [&](const Fault& fault) { return !sees(caller, fault.of); });
  // What the data made fail is told with the values that did.
  for (Fault& fault : all) {
    if (!sees_below(caller, fault.of)) fault.error.message = kept_from_caller;
  }
  return all;
}

std::optional<PublishedBuild> GuardedBuilds::published_build(const security::Caller& caller) const {
  auto build = all_.published_build();
  if (build) keep_seen(build->cutoff, *policy_, caller);
  return build;
}

std::optional<int64_t> GuardedBuilds::published_at_us() const {
  const auto build = all_.published_build();
  return build ? std::optional(build->published_at_us) : std::nullopt;
}

Result<std::vector<catalog::BuildRun>> GuardedBuilds::builds(const security::Caller& caller, size_t limit) {
  auto runs = TRY(all_.catalog().builds(limit));
  for (catalog::BuildRun& run : runs) {
    if (run.end && !run.end->error.empty() && !sees_all_below(caller, run.start.views))
      run.end->error = kept_from_caller;
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

Result<std::vector<std::pair<std::string, catalog::BuildState>>> GuardedBuilds::states(size_t limit) {
  std::vector<std::pair<std::string, catalog::BuildState>> states;
  for (const catalog::BuildRun& run : TRY(all_.catalog().builds(limit)))
    states.emplace_back(run.start.id, run.state);
  return states;
}

Result<std::map<std::string, LastVerdict>> GuardedBuilds::last_verdicts(const security::Caller& caller) {
  std::map<std::string, LastVerdict> verdicts;
  const auto world = all_.world();
  if (!world) return verdicts;
  for (auto& record : TRY(all_.catalog().last_verdicts())) {
    if (!sees_below(caller, record.view)) continue;
    const bool is_stale =
        !record.definition.empty() && record.definition != quality::definition_of(*world, record.view);
    keep_seen(record.offsets, *policy_, caller);
    const std::string view = record.view;
    verdicts[view] = {std::move(record), is_stale};
  }
  return verdicts;
}

Result<std::vector<std::string>> GuardedBuilds::changed_files(const security::Caller& caller, bool is_fresh) {
  TRY(policy_->check(caller, security::Right::read_project));
  std::vector<std::string> files = all_.changed_files(is_fresh);
  std::erase_if(files, [&](const std::string& file) { return !sees_file(caller, file); });
  return files;
}

// ---- work ----

Status GuardedBuilds::may_build(const security::Caller& caller, const std::vector<std::string>& views) const {
  TRY(check_views(caller, views));
  return check_each(caller, security::Right::build, views);
}

Result<std::string> GuardedBuilds::build(const security::Caller& caller,
                                         const std::vector<std::string>& views, const std::string& reason) {
  TRY(may_build(caller, views));
  auto id = all_.build(views, reason);
  if (!id) return fail(told(std::move(id).error(), sees_all_below(caller, views)));
  return id;
}

// What is left of a plan. Names, and what is done with them, are of what the caller sees; all else may tell
// of any relation: the files may be of any project, whose views read whatever there is.
void GuardedBuilds::keep_seen_of(ProjectPlan& plan, const security::Caller& caller, bool is_whole) const {
  if (is_whole) return;
  std::erase_if(plan.items, [&](const ProjectPlan::Item& item) {
    if (item.kind == ProjectPlan::Kind::setting) return false;
    return !sees(caller, item.kind == ProjectPlan::Kind::view ? item.name : in_bronze(item.name));
  });
  for (ProjectPlan::Item& item : plan.items) {
    item.events = 0;
    if (item.kind != ProjectPlan::Kind::setting) item.notes.clear();
  }
  std::erase_if(plan.files, [&](const std::string& file) { return !sees_file(caller, file); });
  plan.events = 0;
  plan.estimated_ms = std::nullopt;
  if (!plan.warnings.empty()) plan.warnings = {kept_from_caller};
  plan.is_whole = false;
}

Status GuardedBuilds::may_apply(const security::Caller& caller, const ApplyRequest& request) const {
  return policy_->check(caller, request.is_dry_run ? security::Right::read_project : security::Right::apply);
}

Result<ProjectPlan> GuardedBuilds::apply(const security::Caller& caller, const ApplyRequest& request) {
  TRY(may_apply(caller, request));
  const bool is_whole = sees_all(caller);
  auto plan = all_.apply(request);
  if (!plan) return fail(told(std::move(plan).error(), is_whole));
  keep_seen_of(*plan, caller, is_whole && sees_all(caller));
  return plan;
}

Status GuardedBuilds::may_drop(const security::Caller& caller, const DropRequest& request) const {
  if (request.names.empty()) return policy_->check(caller, security::Right::drop);
  // What is stored of a name is not known here: the right comes first, so that hidden and unknown are the
  // same.
  for (const std::string& name : request.names)
    TRY(policy_->check(caller, security::Right::drop, relation_of(name)));
  for (const std::string& name : request.names) {
    if (!sees(caller, relation_of(name))) return fail(nothing_stored_of(name));
  }
  return {};
}

Result<ProjectDrop> GuardedBuilds::drop(const security::Caller& caller, const DropRequest& request) {
  TRY(may_drop(caller, request));
  const auto is_whole = [&](const std::string& name) {
    return policy_->shows_whole(caller, relation_of(name));
  };
  auto drop = all_.drop(request);
  if (!drop) {
    // not_found names what the caller has named.
    const bool is_told = drop.error().code == Code::not_found ||
                         (!request.names.empty() && std::ranges::all_of(request.names, is_whole));
    return fail(told(std::move(drop).error(), is_told || sees_all(caller)));
  }
  std::erase_if(drop->items, [&](const Droppable& item) { return !sees(caller, relation_of(item.name)); });
  for (Droppable& item : drop->items) {
    if (!is_whole(item.name)) item.notes.clear();
  }
  return drop;
}

Status GuardedBuilds::cancel(const security::Caller& caller, const std::string& task) {
  TRY(policy_->check(caller, security::Right::cancel));
  return all_.cancel(task);
}

Result<ProjectDiff> GuardedBuilds::diff(const security::Caller& caller, const DiffRequest& request) {
  TRY(policy_->check(caller, security::Right::read_project));
  const bool is_whole = sees_all(caller);
  auto compared = all_.diff(request);
  if (!compared) return fail(told(std::move(compared).error(), is_whole));
  ProjectDiff& diff = *compared;
  std::erase_if(diff.views, [&](const auto& view) { return !sees(caller, view.name); });
  keep_seen(diff.offsets, *policy_, caller);
  if (is_whole) return compared;
  keep_seen_of(diff.plan, caller, false);
  for (ProjectDiff::View& view : diff.views) {
    ProjectDiff::View left;
    left.name = view.name;
    left.change = view.change;
    left.not_compared = kept_from_caller;
    view = std::move(left);
  }
  return compared;
}

Status GuardedBuilds::may_verify(const security::Caller& caller,
                                 const std::vector<std::string>& views) const {
  TRY(check_views(caller, views));
  return check_each(caller, security::Right::verify, views);
}

Result<std::vector<quality::Verdict>> GuardedBuilds::verify(const security::Caller& caller,
                                                            const quality::Verifier::Request& request) {
  TRY(may_verify(caller, request.views));
  quality::Verifier::Request named = request;
  if (named.views.empty()) {
    const auto world = all_.world();
    if (!world) return fail(Code::unavailable, "there is no view yet", "try again in a moment");
    for (const views::Plan& plan : world->plans) {
      if (!plan.is_hidden && sees(caller, plan.view)) named.views.push_back(plan.view);
    }
  }
  auto compared = all_.verify(named);
  if (!compared) return fail(told(std::move(compared).error(), sees_all_below(caller, named.views)));
  for (quality::Verdict& verdict : *compared) {
    keep_seen(verdict.offsets, *policy_, caller);
    if (sees_below(caller, verdict.view)) continue;
    verdict.rows = 0;
    verdict.differences.clear();
    verdict.note = kept_from_caller;
  }
  return compared;
}

Result<std::optional<catalog::KeyedAnswer>> GuardedBuilds::keyed_answer(std::string_view route,
                                                                        std::string_view key) {
  return all_.catalog().keyed_answer(route, key);
}

Status GuardedBuilds::keep_keyed_answer(const catalog::KeyedAnswer& answer) {
  return all_.catalog().keep_keyed_answer(answer);
}

}  // namespace anabranch::front
