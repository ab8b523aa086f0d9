#include "app/apply.h"

#include <algorithm>
#include <ranges>
#include <set>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/build_estimate.h"
#include "app/load_project.h"
#include "app/project_changes.h"
#include "ingest/schema_plan.h"
#include "log/schema_store.h"

namespace anabranch::app {
namespace {

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
struct Apply::Candidate {
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

Result<front::ProjectPlan> Apply::run(const front::ApplyRequest& request) {
  const std::string id = stations_.new_id();
  TRY(changes_.begin(id, "apply"));
  if (!request.is_dry_run) changes_.tell();
  auto plan = [&]() -> Result<front::ProjectPlan> {
    const auto task =
        TRY(stations_.tasks->begin(id, "apply", request.is_undo ? "undo" : "the project's files",
                                   stations_.project.settings.limits.build_timeout_ms, "build_timeout_ms"));
    Lock changing(changes_.mutex());
    return run_now(request, *task);
  }();
  changes_.end();
  copying_.repin_if_due();
  if (!request.is_dry_run) changes_.tell();
  if (!plan) return fail(stations_.shown(std::move(plan).error()));
  return plan;
}

Result<front::ProjectPlan> Apply::run_now(const front::ApplyRequest& request, Task& task) {
  ProjectSnapshots snapshots(stations_.files, stations_.data_folder / "projects");
  Candidate candidate = TRY(read_candidate(request, snapshots));
  TRY(plan_streams(candidate));
  TRY(make_candidate_world(candidate));
  TRY(find_builds(candidate));
  model::Offsets durable;
  for (const OpenStream* stream : stations_.streams.all())
    durable[stream->name] = stream->log->durable_offsets();
  front::ProjectPlan plan = compare_projects(
      {*candidate.before, *candidate.world_before}, {*candidate.project, *candidate.world},
      [&](const std::string& view) { return !candidate.computed.contains(view); }, durable);
  if (const auto texts = running_.texts()) plan.files = changed_files(*texts, candidate.texts);
  plan.estimated_ms = estimated_ms(*stations_.catalog, plan.events);
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

Result<Apply::Candidate> Apply::read_candidate(const front::ApplyRequest& request,
                                               ProjectSnapshots& snapshots) {
  Candidate candidate;
  candidate.before = running_.get();
  candidate.world_before = stations_.speed->epochs().newest()->world;
  if (request.is_undo) {
    auto texts = TRY(snapshots.find(1));
    if (!texts)
      return fail(Code::bad_input, "nothing was taken over before what runs",
                  "there is nothing to go back to");
    candidate.texts = std::move(*texts);
  } else {
    candidate.texts = TRY(read_project_texts(stations_.files, stations_.project.root));
  }
  candidate.project = std::make_shared<const project::Project>(
      TRY(load_texts(candidate.texts, stations_.project.root, stations_.target)));
  for (const project::SourceFile& source : candidate.project->sources) {
    for (const project::TableFile& table : source.tables) {
      const project::TableFile* was = candidate.before->find_table(table.name);
      if (!was || is_changed(*was, table)) candidate.tables.push_back(&table);
    }
  }
  return candidate;
}

// ---- streams ----

Status Apply::plan_streams(Candidate& candidate) {
  std::vector<Error> problems;
  for (const project::StreamFile& stream : candidate.project->streams) {
    ingest::SchemaPlan plan;
    if (const OpenStream* open = stations_.streams.find(stream.name)) {
      plan = ingest::plan_schema(open->schemas->latest().get(), stream.schema);
    } else if (stations_.streams.damaged().contains(stream.name)) {
      continue;
    } else {
      const auto latest = TRY(log::SchemaStore::read_latest(
          stations_.files, stations_.data_folder / "log" / stream.name / "schema"));
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
Status Apply::open_new_streams(const Candidate& candidate) {
  std::vector<project::StreamFile> fresh = candidate.project->streams;
  std::erase_if(fresh, [&](const project::StreamFile& stream) {
    return stations_.streams.find(stream.name) || stations_.streams.damaged().contains(stream.name);
  });
  if (fresh.empty()) return {};
  auto opened = TRY(stations_.stream_writer->open(fresh, stations_.streams.damaged()));
  const auto streams = basis_.take_in(std::move(opened));
  for (const history::Stream& stream : streams)
    stations_.streams.find(stream.bare_name())->log->on_durable([this] { stations_.speed->wake(); });
  return stations_.speed->add_streams(streams);
}

// From here on events come in by the new fields, too. What changed in between (an event that brought a field)
// is in the world that follows.
Status Apply::change_schemas(Candidate& candidate) {
  bool is_as_planned = true;
  for (auto& [name, schema] : candidate.schemas) {
    OpenStream* open = stations_.streams.find(name);
    const project::StreamFile* file = candidate.project->find_stream(name);
    if (!open || !file) continue;
    TRY(stations_.stream_writer->change_schema(*open, file->schema));
    const model::SchemaPtr latest = open->schemas->latest();
    is_as_planned = is_as_planned && *latest == schema;
    schema = *latest;
  }
  return is_as_planned ? Status{} : make_candidate_world(candidate);
}

// ---- what is to be computed ----

Status Apply::make_candidate_world(Candidate& candidate) {
  Basis::Source source{candidate.project, false, {}, candidate.schemas};
  for (const project::TableFile* table : candidate.tables) source.newest.insert(table->name);
  std::vector<Error> problems;
  candidate.world = TRY(basis_.make_world(source, problems));
  candidate.left_out.clear();
  std::vector<Error> mistakes;
  for (Error& problem : problems)
    (is_waiting(problem) ? candidate.left_out : mistakes).push_back(std::move(problem));
  if (!mistakes.empty()) return fail(all_of(mistakes));
  return {};
}

// Views whose states are those of the running world keep their builds. Of others an earlier build may have
// them, as long as its files are kept.
Status Apply::find_builds(Candidate& candidate) {
  candidate.computed.clear();
  candidate.adopted.clear();
  candidate.adopted_from.clear();
  const std::vector<lake::Manifest> manifests =
      TRY(stations_.manifests->history(running_.get()->settings.retention.builds));
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
      if (build == manifest.views.end() || basis_.is_broken(build->second.build_id) ||
          build->second.plan_hash != hash_of(*candidate.world, plan.view) ||
          build->second.delta.has_value() != is_written(*candidate.world, plan.view) ||
          !stations_.store->open(build->second.database_file))
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

// ---- tables ----

Status Apply::copy_changed_tables(const Candidate& candidate, Task& task) {
  std::vector<front::TableCopied> copied;
  return copying_.copy_tables(candidate.tables, task, copied);
}

// What stands between what runs and the next build. As a task of its own: the one of the apply may have been
// cancelled.
void Apply::take_back(const Candidate& candidate) {
  for (const auto& [name, schema] : candidate.schemas) {
    OpenStream* open = stations_.streams.find(name);
    const project::StreamFile* file = candidate.before->find_stream(name);
    if (!open || !file) continue;
    if (const Status changed = stations_.stream_writer->change_schema(*open, file->schema); !changed)
      spdlog::error("{}: its new fields stay: {}", name, changed.error().describe());
  }
  for (const project::TableFile* table : candidate.tables) {
    const project::TableFile* was = candidate.before->find_table(table->name);
    if (!was) continue;
    const auto latest = stations_.table_versions->latest(table->name);
    const auto pins = basis_.table_pins();
    const auto pin = pins.find(table->name);
    if (latest && *latest && pin != pins.end() && (*latest)->version == pin->second) continue;
    const auto copied = [&]() -> Status {
      const auto task =
          TRY(stations_.tasks->begin(stations_.new_id(), "copy", table->source,
                                     stations_.project.settings.limits.copy_timeout_ms, "copy_timeout_ms"));
      std::vector<front::TableCopied> ignored;
      return copying_.copy_tables({was}, *task, ignored);
    }();
    if (!copied)
      spdlog::error("{}: its newest copy is of the files as they are now: {}", table->name,
                    copied.error().describe());
  }
}

// ---- the step ----

Status Apply::swap(Candidate& candidate, front::ProjectPlan& plan, Task& task) {
  const bool is_same = candidate.world->basis_hashes == candidate.world_before->basis_hashes &&
                       candidate.world->schemas == candidate.world_before->schemas &&
                       candidate.world->tables == candidate.world_before->tables &&
                       candidate.world->materialized == candidate.world_before->materialized &&
                       std::ranges::equal(candidate.world->absent | std::views::keys,
                                          candidate.world_before->absent | std::views::keys);
  if (is_same) return {};
  stations_.verifier->expect(stations_.speed->epochs().newest()->world,
                             stations_.verify_sources(*candidate.project));
  const auto swapped = [&]() -> Status {
    lake::Manifest manifest;
    const bool is_built = basis_.manifest() != nullptr;
    // Where nothing was ever built the log is replayed.
    if (is_built && !candidate.computed.empty()) {
      Builds::Order order;
      order.views.assign(candidate.computed.begin(), candidate.computed.end());
      order.reason = "apply";
      order.world = candidate.world;
      order.project = candidate.project;
      order.adopted = candidate.adopted;
      plan.build_id = TRY(builds_.run(order, task));
      return {};
    }
    if (is_built)
      manifest =
          TRY(builds_.publish_without_build(*candidate.world, candidate.adopted, candidate.adopted_from));
    return stations_.speed->hand_over(TRY(basis_.handover_of(manifest, candidate.world, candidate.project)));
  };
  Status done = swapped();
  if (!done) stations_.verifier->expect_nothing();
  return done;
}

void Apply::take_over(const Candidate& candidate, bool is_undo, ProjectSnapshots& snapshots) {
  const Status kept = is_undo ? snapshots.drop_newest() : snapshots.keep(candidate.texts);
  if (!kept) spdlog::error("undo will not go back to this: {}", kept.error().describe());
  running_.set(candidate.project, candidate.texts);
  basis_.set_left_out(candidate.left_out);
  for (const project::StreamFile& stream : candidate.project->streams) {
    if (OpenStream* open = stations_.streams.find(stream.name))
      stations_.stream_writer->set_key(*open, stream.key);
  }
}

}  // namespace anabranch::app
