#include "app/diff.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "app/build_estimate.h"
#include "app/load_project.h"
#include "app/project_changes.h"
#include "app/view_comparison.h"
#include "ingest/schema_plan.h"
#include "log/schema_store.h"
#include "model/names.h"
#include "project/environment.h"

namespace anabranch::app {
namespace {

constexpr auto build_wait_step = std::chrono::milliseconds(50);

std::vector<std::string> table_names(const project::Project& project) {
  std::vector<std::string> names;
  for (const project::SourceFile& source : project.sources) {
    for (const project::TableFile& table : source.tables) names.push_back(table.name);
  }
  return names;
}

std::string hash_of(const views::World& world, const std::string& view) {
  const auto found = world.basis_hashes.find(view);
  return found == world.basis_hashes.end() ? std::string() : found->second;
}

bool is_mistake(const Error& error) {
  return error.code != Code::not_found && error.code != Code::unavailable;
}

Error of_stream(const std::string& name, const std::string& why) {
  return {Code::unavailable, fmt::format("the events of bronze.{} cannot be read: {}", name, why), "", {}};
}

}  // namespace

// One of the two projects, under the streams and tables that there are.
struct Diff::Side {
  std::shared_ptr<const project::Project> project;
  std::shared_ptr<const ProjectTexts> texts;
  bool is_running = false;
  std::map<std::string, model::Schema> schemas;  // of streams that are new or change, as they would be
  std::map<std::string, Error> absent;           // "bronze.<stream>", with why
  std::shared_ptr<const views::World> world;
  std::vector<Error> mistakes;
};

Result<front::ProjectDiff> Diff::run(const front::DiffRequest& request) {
  const auto task =
      TRY(stations_.tasks->begin(stations_.new_id(), "diff", "the rows of changed views",
                                 stations_.project.settings.limits.verify_timeout_ms, "verify_timeout_ms"));
  auto diff = run_now(request, *task);
  if (!diff) return fail(stations_.shown(std::move(diff).error()));
  return diff;
}

// A stream that cannot become what its file says has no events for this side, and the views that read it say
// so: nothing is known of what they would give.
void Diff::choose_streams(Side& side) {
  for (const project::StreamFile& stream : side.project->streams) {
    const std::string name = model::bronze(stream.name).text();
    ingest::SchemaPlan plan;
    if (const auto damaged = stations_.streams.damaged().find(stream.name);
        damaged != stations_.streams.damaged().end()) {
      side.absent[name] = of_stream(stream.name, damaged->second.message);
      continue;
    }
    if (const OpenStream* open = stations_.streams.find(stream.name)) {
      if (side.is_running) continue;
      plan = ingest::plan_schema(open->schemas->latest().get(), stream.schema);
    } else {
      const auto latest = log::SchemaStore::read_latest(
          stations_.files, stations_.data_folder / "log" / stream.name / "schema");
      if (!latest || *latest) {
        side.absent[name] =
            of_stream(stream.name, latest ? "it has some of an earlier time, which nothing that runs has open"
                                          : latest.error().message);
        continue;
      }
      plan = ingest::plan_schema(nullptr, stream.schema);
    }
    const auto problems = schema_problems(plan, stream);
    if (!problems.empty()) {
      side.absent[name] = of_stream(stream.name, problems.front().message);
      side.mistakes.insert(side.mistakes.end(), problems.begin(), problems.end());
    } else if (plan.is_new) {
      side.schemas[stream.name] = plan.next;
    }
  }
}

void Diff::make_world(Side& side, const Tables::Chosen& tables) {
  std::vector<views::ModelSource> models;
  for (const project::Model& model : side.project->models)
    models.push_back({model.name, model.sql, model.file, model.is_materialized, model.select});
  std::map<std::string, views::PinnedTable> versions;
  std::map<std::string, Error> absent = side.absent;
  for (const std::string& table : table_names(*side.project)) {
    const std::string name = model::bronze(table).text();
    if (const auto found = tables.tables.find(name); found != tables.tables.end())
      versions[name] = found->second;
    if (const auto found = tables.absent.find(name); found != tables.absent.end())
      absent[name] = stations_.shown(found->second);
  }
  const auto make = [&](bool is_newest) {
    auto schemas = basis_.schemas_of({side.project, is_newest, {}, side.schemas});
    std::erase_if(schemas, [&](const auto& entry) { return side.absent.contains(entry.first); });
    return views::make_world(models, schemas, versions, absent);
  };
  auto made = make(false);
  if (std::ranges::any_of(made.errors, is_mistake)) made = make(true);
  for (const Error& error : made.errors) {
    if (is_mistake(error)) side.mistakes.push_back(error);
  }
  side.world = std::make_shared<const views::World>(std::move(made.world));
}

Result<Diff::Side> Diff::load(ProjectTexts texts, bool is_sent) {
  Side side;
  side.project = std::make_shared<const project::Project>(TRY(load_texts(
      texts, stations_.project.root, stations_.target,
      is_sent ? running_.environment_for_others() : project::Environment(project::process_environment))));
  side.texts = std::make_shared<const ProjectTexts>(std::move(texts));
  return side;
}

Result<Diff::Side> Diff::load_before(const front::DiffRequest& request) {
  if (!request.before) {
    RunningProject::Now now = running_.now();
    Side side;
    side.project = std::move(now.project);
    side.texts = std::move(now.texts);
    side.is_running = true;
    return side;
  }
  auto side = load(*request.before, true);
  if (side) return side;
  Error error = std::move(side).error();
  error.message = "what the files are compared with: " + error.message;
  return fail(std::move(error));
}

Result<Diff::Side> Diff::load_after(const front::DiffRequest& request) {
  if (request.after) return load(*request.after, true);
  return load(TRY(read_project_texts(stations_.files, stations_.project.root)), false);
}

// The worlds of both sides and the events that they are compared over, all of one moment.
ViewComparison::Events Diff::choose(Side& before, Side& after, const speed::Epoch& epoch) {
  Lock changing(changes_.mutex());
  choose_streams(before);
  choose_streams(after);
  for (auto& [name, schema] : after.schemas) {
    const auto other = before.schemas.find(name);
    if (other != before.schemas.end() && other->second.version == schema.version && other->second != schema)
      ++schema.version;  // neither is there yet
  }
  std::vector<std::string> tables = table_names(*before.project);
  for (std::string& table : table_names(*after.project)) {
    if (!before.project->find_table(table)) tables.push_back(std::move(table));
  }
  const auto chosen = stations_.tables->choose(tables, basis_.table_pins());
  make_world(before, chosen);
  make_world(after, chosen);
  ViewComparison::Events events;
  events.streams = stations_.history->streams();
  events.archives = epoch.archives;
  for (const OpenStream* stream : stations_.streams.all())
    events.ends[stream->name] = stream->log->durable_offsets();
  return events;
}

front::ProjectPlan Diff::plan_of(const Side& before, const Side& after, const speed::Epoch& epoch,
                                 const model::Offsets& ends) {
  front::ProjectPlan plan = compare_projects(
      {*before.project, *before.world}, {*after.project, *after.world},
      [&](const std::string& view) { return hash_of(*after.world, view) == hash_of(*epoch.world, view); },
      ends);
  plan.estimated_ms = estimated_ms(*stations_.catalog, plan.events);
  if (before.texts && after.texts) plan.files = app::changed_files(*before.texts, *after.texts);
  for (const Error& mistake : after.mistakes)
    plan.warnings.push_back("apply would refuse this: " + stations_.shown(mistake).describe());
  for (const Error& mistake : before.mistakes)
    plan.warnings.push_back("before: " + stations_.shown(mistake).describe());
  for (const auto& item : plan.items) {
    if (item.kind == front::ProjectPlan::Kind::table && item.change == front::ProjectPlan::Change::changed)
      plan.warnings.push_back(fmt::format(
          "the table {} would be copied anew; rows are compared with the copy that there is", item.name));
  }
  return plan;
}

std::vector<front::ProjectDiff::View> Diff::changed_views(const Side& before, const Side& after,
                                                          const front::ProjectPlan& plan) {
  std::vector<front::ProjectDiff::View> views;
  const auto add = [&](const std::string& name) {
    if (hash_of(*before.world, name) == hash_of(*after.world, name) && before.world->plan(name)) return;
    front::ProjectDiff::View view;
    view.name = name;
    view.change = front::ProjectPlan::Change::recomputed;
    for (const auto& item : plan.items) {
      if (item.kind == front::ProjectPlan::Kind::view && item.name == name) view.change = item.change;
    }
    views.push_back(std::move(view));
  };
  for (const project::Model& model : after.project->models) add(model.name);
  for (const project::Model& model : before.project->models) {
    if (!after.project->find_model(model.name)) add(model.name);
  }
  return views;
}

Result<front::ProjectDiff> Diff::run_now(const front::DiffRequest& request, Task& task) {
  Side before = TRY(load_before(request));
  Side after = TRY(load_after(request));
  // A build keeps the streams and tables for itself as long as it takes.
  while (changes_.running()) {
    changes_.wait_for_stop(build_wait_step);
    TRY(task.check());
  }
  const auto pin = stations_.speed->epochs().pin();  // the files of the archive stay
  const auto epoch = stations_.speed->epochs().newest();
  ViewComparison::Events events = choose(before, after, *epoch);
  TRY(task.check());

  front::ProjectDiff diff;
  diff.offsets = events.ends;
  diff.plan = plan_of(before, after, *epoch, events.ends);
  diff.views = changed_views(before, after, diff.plan);
  if (diff.views.empty()) return diff;
  ViewComparison::Options options;
  const project::Limits& limits = stations_.project.settings.limits;
  options.memory_bytes_max = limits.query_memory_bytes + limits.tables_memory();
  options.folders = {stations_.data_folder / "log/"};
  options.lake = stations_.store.get();
  options.sample_max = request.sample_max;
  const auto comparison = TRY(ViewComparison::create(options, std::move(events), before.world, after.world));
  for (front::ProjectDiff::View& view : diff.views) {
    const Status compared = comparison->compare(view, task);
    if (compared) continue;
    if (compared.error().code != Code::timeout) return fail(compared.error());
    view.not_compared = compared.error().describe();  // and so are those that follow: what is known is told
  }
  return diff;
}

}  // namespace anabranch::app
