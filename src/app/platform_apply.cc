// A project that changes while it runs: its files are read again, compared with what runs, and taken over in
// one step, or not at all.
#include <algorithm>
#include <ranges>
#include <set>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/load_project.h"
#include "app/platform.h"
#include "app/project_changes.h"
#include "ingest/schema_plan.h"
#include "log/schema_store.h"

namespace anabranch::app {
namespace {

constexpr int64_t files_look_interval_us = 2'000'000;
constexpr size_t builds_looked_at = 50;

// Each is a mistake of the project's, whatever found it.
Error all_of(const std::vector<Error>& errors) {
  if (errors.size() == 1)
    return {Code::bad_input, errors.front().message, errors.front().hint, errors.front().place};
  std::string message = fmt::format("the project has {} mistakes:", errors.size());
  for (const Error& error : errors) message += "\n" + error.describe();
  return {Code::bad_input, message, "correct them; what runs goes on as it is", {}};
}

bool is_waiting(const Error& error) {
  return error.code == Code::not_found || error.code == Code::unavailable;
}

}  // namespace

// A project that may come to run.
struct Platform::Candidate {
  std::shared_ptr<const project::Project> before;
  std::shared_ptr<const project::Project> project;
  ProjectTexts texts;
  std::map<std::string, model::Schema> schemas;   // of streams that are new or change, as they will be
  std::vector<const project::TableFile*> tables;  // to be copied
  std::shared_ptr<const views::World> world_before;
  std::shared_ptr<const views::World> world;
  std::vector<Error> left_out;                     // views that wait for something
  std::set<std::string> computed;                  // views whose states are nowhere
  std::map<std::string, lake::ViewBuild> adopted;  // views whose states an earlier build has
  std::string adopted_from;                        // that build's manifest's
};

Result<front::ProjectPlan> Platform::apply(const front::ApplyRequest& request) {
  const std::string id = TRY(begin_change("apply"));
  if (on_build_change_ && !request.is_dry_run) on_build_change_();
  auto plan = [&]() -> Result<front::ProjectPlan> {
    const auto task = TRY(tasks_->begin(id, "apply", request.is_undo ? "undo" : "the project's files",
                                        project_.settings.limits.build_timeout_ms, "build_timeout_ms"));
    Lock building(build_mutex_);
    return apply_now(request, *task);
  }();
  end_change();
  if (on_build_change_ && !request.is_dry_run) on_build_change_();
  if (!plan) return fail(in_project(std::move(plan).error(), project_.root));
  return plan;
}

Result<front::ProjectPlan> Platform::apply_now(const front::ApplyRequest& request, Task& task) {
  ProjectSnapshots snapshots(files_, data_folder_ / "projects");
  Candidate candidate = TRY(read_candidate(request, snapshots));
  TRY(plan_streams(candidate));
  TRY(make_candidate_world(candidate));
  TRY(find_builds(candidate));
  model::Offsets durable;
  for (const OpenStream& stream : streams_) {
    if (!stream.name.empty()) durable[stream.name] = stream.log->durable_offsets();
  }
  front::ProjectPlan plan = compare_projects(
      {*candidate.before, *candidate.world_before}, {*candidate.project, *candidate.world},
      [&](const std::string& view) { return !candidate.computed.contains(view); }, durable);
  {
    Lock lock(mutex_);
    if (texts_) plan.files = app::changed_files(*texts_, candidate.texts);
  }
  plan.estimated_ms = estimated_ms(plan.events);
  for (const Error& waiting : candidate.left_out) plan.warnings.push_back(waiting.describe());
  if (request.is_dry_run) return plan;

  const auto change = [&]() -> Status {
    TRY(open_new_streams(candidate));
    if (!candidate.tables.empty()) {
      TRY(copy_changed_tables(candidate, task));
      TRY(make_candidate_world(candidate));
    }
    TRY(change_schemas(candidate));
    TRY(find_builds(candidate));
    TRY(task.check());
    return swap(candidate, plan, task);
  };
  if (Status changed = change(); !changed) {
    take_back(candidate);
    return fail(std::move(changed).error());
  }
  take_over(candidate, request.is_undo, snapshots);
  plan.is_applied = true;
  plan.warnings.clear();
  for (const Error& waiting : candidate.left_out) plan.warnings.push_back(waiting.describe());
  return plan;
}

Result<Platform::Candidate> Platform::read_candidate(const front::ApplyRequest& request,
                                                     ProjectSnapshots& snapshots) {
  Candidate candidate;
  candidate.before = project();
  candidate.world_before = speed_->epochs().newest()->world;
  if (request.is_undo) {
    auto texts = TRY(snapshots.find(1));
    if (!texts)
      return fail(Code::bad_input, "nothing was taken over before what runs",
                  "there is nothing to go back to");
    candidate.texts = std::move(*texts);
  } else {
    candidate.texts = TRY(read_project_texts(files_, project_.root));
  }
  candidate.project = std::make_shared<const project::Project>(
      TRY(load_texts(candidate.texts, project_.root, options_.target)));
  for (const project::SourceFile& source : candidate.project->sources) {
    for (const project::TableFile& table : source.tables) {
      const project::TableFile* was = candidate.before->find_table(table.name);
      if (!was || is_changed(*was, table)) candidate.tables.push_back(&table);
    }
  }
  return candidate;
}

// ---- streams ----

OpenStream* Platform::find_open(const std::string& name) {
  Lock lock(streams_mutex_);
  const auto found = std::find_if(streams_.begin(), streams_.end(),
                                  [&](const OpenStream& stream) { return stream.name == name; });
  return found == streams_.end() ? nullptr : &*found;
}

Status Platform::plan_streams(Candidate& candidate) {
  std::vector<Error> problems;
  for (const project::StreamFile& stream : candidate.project->streams) {
    ingest::SchemaPlan plan;
    if (const OpenStream* open = find_open(stream.name)) {
      plan = TRY(open->ingestor->plan_change(stream.schema));
    } else if (damaged_streams_.contains(stream.name)) {
      continue;
    } else {
      const auto latest =
          TRY(log::SchemaStore::read_latest(files_, data_folder_ / "log" / stream.name / "schema"));
      plan = ingest::plan_schema(latest.get(), stream.schema);
      // One that the project had before has its schema still, and is not open.
      if (latest && !plan.is_new) candidate.schemas[stream.name] = *latest;
    }
    for (Error& error : schema_problems(plan, stream)) problems.push_back(std::move(error));
    if (plan.is_new) candidate.schemas[stream.name] = plan.next;
  }
  if (!problems.empty()) return fail(all_of(problems));
  return {};
}

// They stay open when the rest fails, and nobody can reach them.
Status Platform::open_new_streams(const Candidate& candidate) {
  project::Project fresh = *candidate.project;
  std::erase_if(fresh.streams, [&](const project::StreamFile& stream) {
    return find_open(stream.name) || damaged_streams_.contains(stream.name);
  });
  if (fresh.streams.empty()) return {};
  auto opened = TRY(open_streams(open_log_, files_, clock_, data_folder_, fresh, damaged_streams_));
  std::vector<history::Stream> streams;
  for (OpenStream& open : opened) {
    streams.push_back(open.stream());
    history_->add(open.stream());
    open.log->on_durable([this] { speed_->wake(); });
    Lock lock(streams_mutex_);
    streams_.push_back(std::move(open));
  }
  return speed_->add_streams(streams);
}

// From here on events come in by the new fields, too. What changed in between (an event that brought a field)
// is in the world that follows.
Status Platform::change_schemas(Candidate& candidate) {
  bool is_as_planned = true;
  for (auto& [name, schema] : candidate.schemas) {
    OpenStream* open = find_open(name);
    const project::StreamFile* file = candidate.project->find_stream(name);
    if (!open || !file) continue;
    TRY(open->ingestor->change_schema(file->schema));
    const model::SchemaPtr latest = open->schemas->latest();
    is_as_planned = is_as_planned && *latest == schema;
    schema = *latest;
  }
  return is_as_planned ? Status{} : make_candidate_world(candidate);
}

// ---- what is to be computed ----

Status Platform::make_candidate_world(Candidate& candidate) {
  WorldSource source{candidate.project, false, {}, candidate.schemas};
  for (const project::TableFile* table : candidate.tables) source.newest.insert(table->name);
  std::vector<Error> problems;
  candidate.world = TRY(make_world(source, problems));
  candidate.left_out.clear();
  std::vector<Error> mistakes;
  for (Error& problem : problems)
    (is_waiting(problem) ? candidate.left_out : mistakes).push_back(std::move(problem));
  if (!mistakes.empty()) return fail(all_of(mistakes));
  return {};
}

// Views whose states are those of the running world keep their builds. Of others an earlier build may have
// them, as long as its files are kept.
Status Platform::find_builds(Candidate& candidate) {
  candidate.computed.clear();
  candidate.adopted.clear();
  candidate.adopted_from.clear();
  const std::vector<lake::Manifest> manifests =
      TRY(manifests_->history(project()->settings.retention.builds));
  const auto hash_of = [](const views::World& world, const std::string& view) {
    const auto found = world.basis_hashes.find(view);
    return found == world.basis_hashes.end() ? std::string() : found->second;
  };
  const auto is_written = [](const views::World& world, const std::string& view) {
    const auto found = world.materialized.find(view);
    return found != world.materialized.end() && found->second;
  };
  std::set<std::string> changed;
  for (const views::Plan& plan : candidate.world->plans) {
    if (hash_of(*candidate.world, plan.view) != hash_of(*candidate.world_before, plan.view) ||
        is_written(*candidate.world, plan.view) != is_written(*candidate.world_before, plan.view))
      changed.insert(std::string(views::view_of_block(plan.view)));
  }
  std::map<std::string, std::map<std::string, lake::ViewBuild>> found;  // view → its blocks
  for (const views::Plan& plan : candidate.world->plans) {
    const std::string view(views::view_of_block(plan.view));
    if (!changed.contains(view) || candidate.computed.contains(view)) continue;
    bool is_found = false;
    for (const lake::Manifest& manifest : manifests) {
      const auto build = manifest.views.find(plan.view);
      if (build == manifest.views.end() || broken_builds_.contains(build->second.build_id) ||
          build->second.plan_hash != hash_of(*candidate.world, plan.view) ||
          build->second.delta.has_value() != is_written(*candidate.world, plan.view) ||
          !store_->open(build->second.database_file))
        continue;
      found[view][plan.view] = build->second;
      if (manifest.number != manifests.front().number) candidate.adopted_from = manifest.build_id;
      is_found = true;
      break;
    }
    if (!is_found) candidate.computed.insert(view);
  }
  for (auto& [view, blocks] : found) {
    if (!candidate.computed.contains(view)) candidate.adopted.merge(blocks);
  }
  return {};
}

std::optional<int64_t> Platform::estimated_ms(int64_t events) {
  const auto runs = catalog_->builds(builds_looked_at);
  if (!runs) return std::nullopt;
  for (const catalog::BuildRun& run : *runs) {
    if (run.state != catalog::BuildState::published || !run.end) continue;
    int64_t built = 0;
    for (const auto& [stream, offsets] : run.start.cutoff) {
      for (const model::Offset offset : offsets) built += offset;
    }
    const double views = std::max<double>(1, static_cast<double>(run.start.views.size()));
    const auto took_us = static_cast<double>(run.end->finished_at_us - run.start.started_at_us);
    if (built == 0) continue;
    return static_cast<int64_t>(took_us / 1000 / views * static_cast<double>(events) /
                                static_cast<double>(built));
  }
  return std::nullopt;
}

// ---- tables ----

Status Platform::copy_changed_tables(const Candidate& candidate, Task& task) {
  for (const project::TableFile* table : candidate.tables) TRY(copy_table(*table, task));
  return {};
}

// What stands between what runs and the next build. As a task of its own: the one of the apply may have been
// cancelled.
void Platform::take_back(const Candidate& candidate) {
  for (const auto& [name, schema] : candidate.schemas) {
    OpenStream* open = find_open(name);
    const project::StreamFile* file = candidate.before->find_stream(name);
    if (!open || !file) continue;
    if (const auto changed = open->ingestor->change_schema(file->schema); !changed)
      spdlog::error("{}: its new fields stay: {}", name, changed.error().describe());
  }
  for (const project::TableFile* table : candidate.tables) {
    const project::TableFile* was = candidate.before->find_table(table->name);
    if (!was) continue;
    const auto latest = table_versions_->latest(table->name);
    std::optional<int64_t> pinned;
    {
      Lock lock(mutex_);
      if (manifest_ && manifest_->basis.tables.contains(table->name))
        pinned = manifest_->basis.tables.at(table->name);
    }
    if (latest && *latest && pinned && (*latest)->version == *pinned) continue;
    const auto copied = [&]() -> Result<front::TableCopied> {
      const auto task = TRY(tasks_->begin(build_id_of(clock_.now_us()), "copy", table->source,
                                          project_.settings.limits.copy_timeout_ms, "copy_timeout_ms"));
      return copy_table(*was, *task);
    }();
    if (!copied)
      spdlog::error("{}: its newest copy is of the files as they are now: {}", table->name,
                    copied.error().describe());
  }
}

// ---- the step ----

Result<lake::Manifest> Platform::publish_without_build(const Candidate& candidate) {
  lake::Manifest manifest;
  {
    Lock lock(mutex_);
    manifest = *manifest_;
  }
  ++manifest.number;
  if (!candidate.adopted_from.empty()) manifest.build_id = candidate.adopted_from;
  manifest.published_at_us = clock_.now_us();
  set_basis(manifest, *candidate.world);
  std::erase_if(manifest.views, [&](const auto& entry) { return !candidate.world->plan(entry.first); });
  std::erase_if(manifest.failed, [&](const auto& entry) { return !candidate.world->plan(entry.first); });
  adopt(candidate.adopted, manifest);
  TRY(manifests_->publish(manifest));
  {
    Lock lock(mutex_);
    manifest_ = manifest;
  }
  if (const Status copies = copies_->write(manifest); !copies)
    spdlog::error("Delta copies are behind and will be written at the next start: {}",
                  copies.error().describe());
  return manifest;
}

Status Platform::swap(Candidate& candidate, front::ProjectPlan& plan, Task& task) {
  const bool is_same = candidate.world->basis_hashes == candidate.world_before->basis_hashes &&
                       candidate.world->schemas == candidate.world_before->schemas &&
                       candidate.world->tables == candidate.world_before->tables &&
                       candidate.world->materialized == candidate.world_before->materialized &&
                       std::ranges::equal(candidate.world->absent | std::views::keys,
                                          candidate.world_before->absent | std::views::keys);
  if (is_same) return {};
  verifier_->expect(speed_->epochs().newest()->world, verify_sources(*candidate.project));
  const auto swapped = [&]() -> Status {
    lake::Manifest manifest;
    bool is_built = false;
    {
      Lock lock(mutex_);
      is_built = manifest_.has_value();
    }
    // Where nothing was ever built the log is replayed.
    if (is_built && !candidate.computed.empty()) {
      BuildOrder order;
      order.views.assign(candidate.computed.begin(), candidate.computed.end());
      order.reason = "apply";
      order.world = candidate.world;
      order.project = candidate.project;
      order.adopted = candidate.adopted;
      plan.build_id = TRY(build_now(order, task));
      return {};
    }
    if (is_built) manifest = TRY(publish_without_build(candidate));
    return speed_->hand_over(TRY(handover_of(manifest, candidate.world, candidate.project)));
  };
  Status done = swapped();
  if (!done) verifier_->expect_nothing();
  return done;
}

void Platform::take_over(const Candidate& candidate, bool is_undo, ProjectSnapshots& snapshots) {
  const Status kept = is_undo ? snapshots.drop_newest() : snapshots.keep(candidate.texts);
  if (!kept) spdlog::error("undo will not go back to this: {}", kept.error().describe());
  {
    Lock lock(mutex_);
    running_project_ = candidate.project;
    texts_ = std::make_shared<const ProjectTexts>(candidate.texts);
    looked_at_files_us_ = 0;
  }
  left_out_ = candidate.left_out;
  for (const project::StreamFile& stream : candidate.project->streams) {
    if (OpenStream* open = find_open(stream.name)) open->ingestor->set_key(stream.key);
  }
}

void Platform::keep_project() {
  ProjectSnapshots snapshots(files_, data_folder_ / "projects");
  std::shared_ptr<const ProjectTexts> texts;
  {
    Lock lock(mutex_);
    texts = texts_;
  }
  if (!texts) return;
  if (const Status kept = snapshots.keep(*texts); !kept)
    spdlog::warn("undo will not go back to this: {}", kept.error().describe());
}

quality::VerifySources Platform::verify_sources(const project::Project& project) const {
  quality::VerifySources sources;
  for (const project::Model& model : project.models) sources.models[model.name] = model.sql;
  for (const project::StreamFile& stream : project.streams)
    sources.streams[stream.name] = data_folder_ / "log" / stream.name;
  return sources;
}

std::vector<std::string> Platform::changed_files(bool is_fresh) {
  std::shared_ptr<const ProjectTexts> texts;
  const int64_t now_us = clock_.monotonic_us();
  {
    Lock lock(mutex_);
    if (!is_fresh && looked_at_files_us_ != 0 && now_us - looked_at_files_us_ < files_look_interval_us)
      return changed_files_;
    looked_at_files_us_ = now_us;
    texts = texts_;
  }
  std::vector<std::string> changed;
  if (texts) {
    if (const auto now = read_project_texts(files_, project_.root))
      changed = app::changed_files(*texts, *now);
  }
  Lock lock(mutex_);
  if (texts == texts_) changed_files_ = changed;
  return changed;
}

}  // namespace anabranch::app
