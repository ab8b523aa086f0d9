#include <fmt/format.h>

#include "app/commands/commands.h"
#include "app/slots.h"
#include "app/streams.h"
#include "app/tables.h"
#include "app/terminal.h"
#include "ingest/schema_plan.h"
#include "lake/table_versions.h"
#include "log/schema_store.h"
#include "model/names.h"
#include "project/loader.h"
#include "project/sql_select_reader.h"
#include "sql/object_urls.h"
#include "views/world.h"

namespace anabranch::app {
namespace {

struct Report {
  std::vector<project::Problem> problems;
  std::vector<std::string> changes;  // of schemas
};

// The schema that the stream will have: what its file says, and what events brought before. Where both do not
// go together that is a mistake, at its place.
model::Schema next_schema(const io::Path& data_folder, const project::StreamFile& stream, Report& report) {
  const auto latest =
      log::SchemaStore::read_latest(io::local_file_system(), data_folder / "log" / stream.name / "schema");
  if (!latest) {
    report.problems.push_back(
        {project::Severity::error, stream.place, latest.error().message, latest.error().hint, ""});
  }
  if (!latest || !*latest) return stream.schema;
  const ingest::SchemaPlan plan = ingest::plan_schema(latest->get(), stream.schema);
  for (const Error& error : schema_problems(plan, stream)) {
    report.problems.push_back(
        {project::Severity::error, error.place.value_or(stream.place), error.message, error.hint, ""});
  }
  for (const auto& change : plan.changes) {
    if (change.kind != ingest::FieldChange::Kind::incompatible)
      report.changes.push_back(fmt::format("{}: field {}", stream.name, change.describe()));
  }
  return plan.is_compatible() ? plan.next : **latest;
}

// Secrets that somebody has to set before what names them can be used.
void look_for_secrets(const project::Project& project, security::SecretStore& secrets, Report& report) {
  for (const auto& source : project.sources) {
    for (const auto& table : source.tables) {
      for (const auto& path : table.paths) {
        for (const auto& secret : path.secrets) {
          const auto held = secrets.get(secret.name);
          if (held) continue;
          report.problems.push_back(
              {project::Severity::warning, table.place, held.error().message, held.error().hint, ""});
        }
      }
    }
  }
}

// What binding the models finds beyond reading them: unknown columns, wrong types. Tables that were never
// copied are known by name only, so models over them wait for the first copy.
void bind_models(const project::Project& project, const io::Path& data_folder, lake::ObjectStore& store,
                 Report& report) {
  std::vector<project::Problem>& problems = report.problems;
  std::map<std::string, model::Schema> schemas;
  for (const auto& stream : project.streams)
    schemas[model::bronze(stream.name).text()] = next_schema(data_folder, stream, report);
  lake::TableVersions versions(store, io::system_clock());
  std::map<std::string, views::PinnedTable> tables;
  std::map<std::string, Error> absent;
  for (const auto& source : project.sources) {
    for (const auto& table : source.tables) {
      const std::string name = model::bronze(table.name).text();
      const auto latest = versions.latest(table.name);
      if (latest && *latest) {
        tables[name] = {name, (*latest)->version, sql::object_url((*latest)->file_key()), (*latest)->columns,
                        (*latest)->file.rows};
      } else {
        absent[name] = latest ? never_copied(name) : latest.error();
      }
    }
  }
  std::vector<views::ModelSource> models;
  for (const auto& model : project.models)
    models.push_back({model.name, model.sql, model.file, true, model.select});
  for (const Error& error : views::make_world(models, schemas, tables, absent).errors) {
    const bool is_waiting = error.code != Code::bad_sql && error.code != Code::refused;
    problems.push_back({is_waiting ? project::Severity::warning : project::Severity::error,
                        error.place.value_or(Place{}), error.message, error.hint, ""});
  }
}

}  // namespace

int run_check(const CommonOptions& common) {
  const auto root = project_root(common);
  if (!root) return fail_command(common, root.error());
  project::SqlSelectReader reader;
  auto loaded = project::load(io::local_file_system(), *root, reader, known_adapters());
  Report report;
  if (!loaded.has_errors()) {
    const auto settings = loaded.project.settings_of(common.target);
    if (!settings) return fail_command(common, settings.error());
    const SlotGround ground{
        io::local_file_system(), io::system_clock(), *root, *root / settings->data_folder, {}};
    const auto store = open_lake(*settings, ground);
    if (!store) return fail_command(common, store.error());
    const auto secrets = open_secrets(*settings, ground);
    if (!secrets) return fail_command(common, secrets.error());
    bind_models(loaded.project, ground.data_folder, **store, report);
    look_for_secrets(loaded.project, **secrets, report);
    std::move(report.problems.begin(), report.problems.end(), std::back_inserter(loaded.problems));
    project::add_excerpts(loaded.problems, io::local_file_system(), *root);
  }
  const size_t errors = loaded.errors().size();
  if (common.is_json) {
    fmt::print("{}\n", project::to_json(loaded.problems));
    return errors > 0 ? 2 : 0;
  }
  for (const auto& problem : loaded.problems) fmt::print(stderr, "{}\n", problem.describe());
  if (errors > 0) {
    fmt::print(stderr, "{} mistake{}\n", errors, errors == 1 ? "" : "s");
    return 2;
  }
  for (const std::string& change : report.changes) fmt::print("compatible: {}\n", change);
  const auto& project = loaded.project;
  size_t tables = 0;
  for (const auto& source : project.sources) tables += source.tables.size();
  fmt::print("{} {}: {} streams, {} tables, {} models\n", colored("right", Color::green), project.name,
             project.streams.size(), tables, project.models.size());
  return 0;
}

}  // namespace anabranch::app
