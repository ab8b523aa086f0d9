// What a project's files would change, down to the rows of its views. Nothing is changed by finding it out.
#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "app/load_project.h"
#include "app/platform.h"
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
struct Platform::DiffSide {
  std::shared_ptr<const project::Project> project;
  std::shared_ptr<const ProjectTexts> texts;
  bool is_running = false;
  std::map<std::string, model::Schema> schemas;  // of streams that are new or change, as they would be
  std::map<std::string, Error> absent;           // "bronze.<stream>", with why
  std::shared_ptr<const views::World> world;
  std::vector<Error> mistakes;
};

Result<front::ProjectDiff> Platform::diff(const front::DiffRequest& request) {
  const auto task = TRY(tasks_->begin(build_id_of(clock_.now_us()), "diff", "the rows of changed views",
                                      project_.settings.limits.verify_timeout_ms, "verify_timeout_ms"));
  auto diff = diff_now(request, *task);
  if (!diff) return fail(in_project(std::move(diff).error(), project_.root));
  return diff;
}

// A stream that cannot become what its file says has no events for this side, and the views that read it say
// so: nothing is known of what they would give.
void Platform::choose_streams(DiffSide& side) {
  for (const project::StreamFile& stream : side.project->streams) {
    const std::string name = model::bronze(stream.name).text();
    ingest::SchemaPlan plan;
    if (const auto damaged = damaged_streams_.find(stream.name); damaged != damaged_streams_.end()) {
      side.absent[name] = of_stream(stream.name, damaged->second.message);
      continue;
    }
    if (const OpenStream* open = find_open(stream.name)) {
      if (side.is_running) continue;
      auto planned = open->ingestor->plan_change(stream.schema);
      if (!planned) {
        side.absent[name] = of_stream(stream.name, planned.error().message);
        continue;
      }
      plan = std::move(*planned);
    } else {
      const auto latest =
          log::SchemaStore::read_latest(files_, data_folder_ / "log" / stream.name / "schema");
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

void Platform::make_diff_world(DiffSide& side, const Tables::Chosen& tables) {
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
      absent[name] = in_project(found->second, project_.root);
  }
  const auto make = [&](bool is_newest) {
    auto schemas = schemas_of({side.project, is_newest, {}, side.schemas});
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

// Texts that were sent are answered with what they say: variables that the project which runs does not name
// are not there for them.
project::Environment Platform::environment_for_others() const {
  auto named = std::make_shared<std::set<std::string>>();
  Lock lock(mutex_);
  for (const auto& [path, text] : texts_ ? *texts_ : ProjectTexts{})
    named->merge(project::environment_names(text));
  return [named](const std::string& name) {
    return named->contains(name) ? project::process_environment(name) : std::nullopt;
  };
}

Result<front::ProjectDiff> Platform::diff_now(const front::DiffRequest& request, Task& task) {
  const auto load = [&](const std::shared_ptr<const ProjectTexts>& texts, bool is_sent) -> Result<DiffSide> {
    DiffSide side;
    side.project = std::make_shared<const project::Project>(TRY(
        load_texts(*texts, project_.root, options_.target,
                   is_sent ? environment_for_others() : project::Environment(project::process_environment))));
    side.texts = texts;
    return side;
  };
  DiffSide before;
  DiffSide after;
  if (request.before) {
    auto loaded = load(std::make_shared<const ProjectTexts>(*request.before), true);
    if (!loaded) {
      Error error = std::move(loaded).error();
      error.message = "what the files are compared with: " + error.message;
      return fail(std::move(error));
    }
    before = std::move(*loaded);
  } else {
    Lock lock(mutex_);
    before.project = running_project_;
    before.texts = texts_;
    before.is_running = true;
  }
  after = TRY(load(std::make_shared<const ProjectTexts>(
                       request.after ? *request.after : TRY(read_project_texts(files_, project_.root))),
                   request.after.has_value()));

  // A build keeps the streams and tables for itself as long as it takes.
  {
    Lock lock(mutex_);
    while (running_) {
      lock.wait_for(stopping_, build_wait_step);
      TRY(task.check());
    }
  }
  const auto pin = speed_->epochs().pin();  // the files of the archive stay
  const auto epoch = speed_->epochs().newest();
  ViewComparison::Events events;
  {
    Lock building(build_mutex_);
    choose_streams(before);
    choose_streams(after);
    for (auto& [name, schema] : after.schemas) {
      const auto other = before.schemas.find(name);
      if (other != before.schemas.end() && other->second.version == schema.version && other->second != schema)
        ++schema.version;  // neither is there yet
    }
    std::map<std::string, int64_t> pins;
    {
      Lock lock(mutex_);
      if (manifest_) pins = manifest_->basis.tables;
    }
    std::vector<std::string> tables = table_names(*before.project);
    for (std::string& table : table_names(*after.project)) {
      if (!before.project->find_table(table)) tables.push_back(std::move(table));
    }
    const auto chosen = tables_->choose(tables, pins);
    make_diff_world(before, chosen);
    make_diff_world(after, chosen);
    events.streams = history_->streams();
    events.archives = epoch->archives;
    for (const OpenStream& stream : streams_) {
      if (!stream.name.empty()) events.ends[stream.name] = stream.log->durable_offsets();
    }
  }
  TRY(task.check());

  front::ProjectDiff diff;
  diff.offsets = events.ends;
  diff.plan = compare_projects(
      {*before.project, *before.world}, {*after.project, *after.world},
      [&](const std::string& view) { return hash_of(*after.world, view) == hash_of(*epoch->world, view); },
      events.ends);
  diff.plan.estimated_ms = estimated_ms(diff.plan.events);
  if (before.texts && after.texts) diff.plan.files = app::changed_files(*before.texts, *after.texts);
  for (const Error& mistake : after.mistakes)
    diff.plan.warnings.push_back("apply would refuse this: " + in_project(mistake, project_.root).describe());
  for (const Error& mistake : before.mistakes)
    diff.plan.warnings.push_back("before: " + in_project(mistake, project_.root).describe());
  for (const auto& item : diff.plan.items) {
    if (item.kind == front::ProjectPlan::Kind::table && item.change == front::ProjectPlan::Change::changed)
      diff.plan.warnings.push_back(fmt::format(
          "the table {} would be copied anew; rows are compared with the copy that there is", item.name));
  }

  const auto add = [&](const std::string& name) {
    if (hash_of(*before.world, name) == hash_of(*after.world, name) && before.world->plan(name)) return;
    front::ProjectDiff::View view;
    view.name = name;
    view.change = front::ProjectPlan::Change::recomputed;
    for (const auto& item : diff.plan.items) {
      if (item.kind == front::ProjectPlan::Kind::view && item.name == name) view.change = item.change;
    }
    diff.views.push_back(std::move(view));
  };
  for (const project::Model& model : after.project->models) add(model.name);
  for (const project::Model& model : before.project->models) {
    if (!after.project->find_model(model.name)) add(model.name);
  }
  if (diff.views.empty()) return diff;
  ViewComparison::Options options;
  const project::Limits& limits = project_.settings.limits;
  options.memory_bytes_max = limits.query_memory_bytes + limits.tables_memory();
  options.folders = {data_folder_ / "log/"};
  options.lake = store_.get();
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
