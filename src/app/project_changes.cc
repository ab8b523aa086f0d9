#include "app/project_changes.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/names.h"

namespace anabranch::app {
namespace {

using front::ProjectPlan;
using Item = ProjectPlan::Item;
using Kind = ProjectPlan::Kind;
using Change = ProjectPlan::Change;

Item item_of(Kind kind, std::string name, Change change) {
  Item item;
  item.kind = kind;
  item.name = std::move(name);
  item.change = change;
  item.is_breaking = change == Change::removed && kind != Kind::setting;
  return item;
}

// ---- views ----

// Who reads by name must find the columns that were there, with their types.
void compare_columns(const views::Plan& before, const views::Plan& after, Item& item) {
  std::map<std::string, std::string> types;
  for (const auto& column : after.columns) types[column.name] = column.type;
  std::set<std::string> known;
  for (const auto& column : before.columns) {
    known.insert(column.name);
    const auto found = types.find(column.name);
    if (found == types.end()) {
      item.notes.push_back(fmt::format("column {} is removed", column.name));
      item.is_breaking = true;
    } else if (found->second != column.type) {
      item.notes.push_back(fmt::format("column {}: {} becomes {}", column.name, column.type, found->second));
      item.is_breaking = true;
    }
  }
  for (const auto& column : after.columns) {
    if (!known.contains(column.name))
      item.notes.push_back(fmt::format("column {} {} is added", column.name, column.type));
  }
  if (item.notes.empty() && before.columns != after.columns)
    item.notes.push_back("its columns are in another order");
}

int64_t events_of(const views::World& world, const views::Plan& plan, const model::Offsets& durable) {
  int64_t events = 0;
  for (const std::string& stream : plan.streams) {
    const auto found = durable.find(model::name_in_layer(stream));
    if (found == durable.end()) continue;
    for (const model::Offset offset : found->second) events += offset;
  }
  for (const std::string& table : plan.tables) {
    if (const auto found = world.tables.find(table); found != world.tables.end())
      events += plan.streams.empty() ? found->second.rows : 0;
  }
  return events;
}

std::string hash_of(const views::World& world, const std::string& view) {
  const auto found = world.basis_hashes.find(view);
  return found == world.basis_hashes.end() ? std::string() : found->second;
}

// Nearest first would need the graph; the names are enough to go on from.
std::string changed_below(const RunnableProject& before, const RunnableProject& after,
                          const project::Model& model) {
  std::vector<std::string> changed;
  for (const std::string& name : model.depends_on) {
    const auto* was = before.project.find_model(name);
    const auto* is = after.project.find_model(name);
    const bool is_bronze = model::RelationName::of(name).is_bronze();
    if (is_bronze || !was || !is || was->sql != is->sql ||
        hash_of(before.world, name) != hash_of(after.world, name))
      changed.push_back(name);
  }
  return fmt::format("reads {}", fmt::join(changed, ", "));
}

void compare_views(const RunnableProject& before, const RunnableProject& after,
                   const std::function<bool(const std::string&)>& has_build, const model::Offsets& durable,
                   ProjectPlan& plan) {
  for (const project::Model& model : after.project.models) {
    const project::Model* was = before.project.find_model(model.name);
    const views::Plan* new_plan = after.world.plan(model.name);
    const views::Plan* old_plan = before.world.plan(model.name);
    const bool is_same_basis = hash_of(before.world, model.name) == hash_of(after.world, model.name) &&
                               (new_plan == nullptr) == (old_plan == nullptr);
    const bool is_same_text = was && was->sql == model.sql;
    const bool is_same_file = was && was->is_materialized == model.is_materialized &&
                              was->description == model.description && was->schedule == model.schedule;
    if (is_same_basis && is_same_text && is_same_file) continue;
    Item item = item_of(Kind::view, model.name,
                        !was                           ? Change::added
                        : is_same_text && is_same_file ? Change::recomputed
                                                       : Change::changed);
    if (old_plan && new_plan) compare_columns(*old_plan, *new_plan, item);
    if (item.change == Change::recomputed) item.notes.push_back(changed_below(before, after, model));
    if (was && was->is_materialized != model.is_materialized)
      item.notes.push_back(model.is_materialized ? "is written for other readers"
                                                 : "is no longer written for other readers");
    if (!new_plan) {
      item.notes.push_back("waits for a table that was never copied");
    } else if (is_same_basis) {
      item.notes.push_back("its result stays the same");
    } else if (has_build(model.name)) {
      item.notes.push_back("a build that is still there has it");
    } else {
      item.is_computed = true;
      item.events = events_of(after.world, *new_plan, durable);
    }
    if (new_plan && old_plan && new_plan->is_maintained() != old_plan->is_maintained())
      item.notes.push_back(new_plan->is_maintained() ? "is kept up to date from now on"
                                                     : "is computed when it is read from now on");
    plan.items.push_back(std::move(item));
  }
  for (const project::Model& model : before.project.models) {
    if (!after.project.find_model(model.name))
      plan.items.push_back(item_of(Kind::view, model.name, Change::removed));
  }
}

// ---- streams and tables ----

// The field that this one was, by either of both files.
std::optional<size_t> renamed_from(const model::Schema& before, const model::Schema& after,
                                   const model::Field& field) {
  const auto names = [](const std::vector<std::string>& was, const std::string& name) {
    return std::find(was.begin(), was.end(), name) != was.end();
  };
  for (size_t i = 0; i < before.fields.size(); ++i) {
    const model::Field& known = before.fields[i];
    if (!after.find(known.name) && (names(field.was, known.name) || names(known.was, field.name))) return i;
  }
  return std::nullopt;
}

void compare_fields(const model::Schema& before, const model::Schema& after, Item& item) {
  std::set<std::string> renamed;
  for (const model::Field& field : after.fields) {
    auto found = before.find(field.name);
    if (!found && (found = renamed_from(before, after, field))) {
      renamed.insert(before.fields[*found].name);
      item.notes.push_back(fmt::format("field {} becomes {}", before.fields[*found].name, field.name));
      item.is_breaking = true;
    }
    if (!found) {
      item.notes.push_back(fmt::format("field {} {} is added", field.name, field.type.to_sql()));
      continue;
    }
    const model::Field& was = before.fields[*found];
    if (was.type != field.type) {
      item.notes.push_back(
          fmt::format("field {}: {} becomes {}", field.name, was.type.to_sql(), field.type.to_sql()));
      item.is_breaking = true;
    }
    if (was.required != field.required)
      item.notes.push_back(
          fmt::format("field {} is {} required", field.name, field.required ? "now" : "no longer"));
  }
  for (const model::Field& field : before.fields) {
    if (after.find(field.name) || renamed.contains(field.name)) continue;
    item.notes.push_back(fmt::format("field {} is no longer declared", field.name));
    item.is_breaking = true;
  }
  if (before.drift != after.drift)
    item.notes.push_back(
        fmt::format("drift: {} fields at most, {} an hour", after.drift.fields_max, after.drift.per_hour));
  if (before.on_drift != after.on_drift)
    item.notes.push_back(fmt::format("on_drift: {}", model::to_string(after.on_drift)));
}

void compare_partitions(const project::StreamFile& before, const project::StreamFile& after, Item& item) {
  if (before.partitions < after.partitions) {
    item.needs_restart = true;
    item.notes.push_back(fmt::format("{} partitions become {} when the server is started again",
                                     before.partitions, after.partitions));
  } else if (before.partitions > after.partitions) {
    item.notes.push_back(fmt::format("keeps its {} partitions: there are never fewer", before.partitions));
  }
  const bool is_moved = std::max(before.partitions, after.partitions) > 1 && !after.key.empty() &&
                        (before.key != after.key || before.partitions < after.partitions);
  if (is_moved)
    item.notes.push_back(
        "events of a key that came before may lie in another partition than those that come");
}

void compare_streams(const project::Project& before, const project::Project& after, ProjectPlan& plan) {
  for (const project::StreamFile& stream : after.streams) {
    const project::StreamFile* was = before.find_stream(stream.name);
    if (was && !is_changed(*was, stream)) continue;
    Item item = item_of(Kind::stream, stream.name, was ? Change::changed : Change::added);
    if (was) compare_fields(was->schema, stream.schema, item);
    if (was) compare_partitions(*was, stream, item);
    plan.items.push_back(std::move(item));
  }
  for (const project::StreamFile& stream : before.streams) {
    if (after.find_stream(stream.name)) continue;
    Item item = item_of(Kind::stream, stream.name, Change::removed);
    item.notes.push_back("takes no events any more; those that it has stay");
    plan.items.push_back(std::move(item));
  }
}

std::vector<const project::TableFile*> tables_of(const project::Project& project) {
  std::vector<const project::TableFile*> tables;
  for (const project::SourceFile& source : project.sources) {
    for (const project::TableFile& table : source.tables) tables.push_back(&table);
  }
  return tables;
}

void compare_tables(const project::Project& before, const project::Project& after, ProjectPlan& plan) {
  for (const project::TableFile* table : tables_of(after)) {
    const project::TableFile* was = before.find_table(table->name);
    if (was && !is_changed(*was, *table)) continue;
    Item item = item_of(Kind::table, table->name, was ? Change::changed : Change::added);
    item.is_computed = true;
    item.notes.push_back(was ? "is copied anew" : "is copied");
    plan.items.push_back(std::move(item));
  }
  for (const project::TableFile* table : tables_of(before)) {
    if (after.find_table(table->name)) continue;
    Item item = item_of(Kind::table, table->name, Change::removed);
    item.notes.push_back("its copies stay");
    plan.items.push_back(std::move(item));
  }
}

// ---- settings ----

struct Setting {
  std::string name;
  std::string value;
  bool needs_restart = false;
};

std::string slots_text(const project::Settings& settings) {
  std::string text;
  for (const auto& [slot, choice] : settings.slots) {
    if (choice.adapter != "embedded")
      text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", slot, choice.adapter);
  }
  return text.empty() ? "all embedded" : text;
}

std::vector<Setting> settings_of(const project::Project& project) {
  const project::Settings& all = project.settings;
  const project::Limits& limits = all.limits;
  const auto text = [](uint64_t number) { return std::to_string(number); };
  return {
      {"name", project.name, false},
      {"time_zone", project.time_zone, true},
      {"data_folder", all.data_folder, true},
      {"secrets_file", all.secrets_file.empty() ? "secrets in the data folder" : all.secrets_file, true},
      {"slots", slots_text(all), true},
      {"server.host", all.server.host, true},
      {"server.port", text(all.server.port), true},
      {"limits.body_bytes_max", text(limits.body_bytes_max), true},
      {"limits.requests_per_second_max", text(limits.requests_per_second_max), true},
      {"limits.query_timeout_ms", text(limits.query_timeout_ms), true},
      {"limits.query_memory_bytes", text(limits.query_memory_bytes), true},
      {"limits.states_memory_bytes", text(limits.states_memory_bytes), true},
      {"limits.tables_memory_bytes", text(limits.tables_memory()), true},
      {"limits.copy_timeout_ms", text(limits.copy_timeout_ms), true},
      {"limits.build_timeout_ms", text(limits.build_timeout_ms), true},
      {"limits.verify_timeout_ms", text(limits.verify_timeout_ms), true},
      {"limits.queries_max", text(limits.queries_max), true},
      {"limits.answer_bytes_max", text(limits.answer_bytes_max), true},
      {"limits.producers_max", text(limits.producers_max), true},
      {"limits.idempotency_keys_max", text(limits.idempotency_keys_max), true},
      {"limits.producer_memory_hours", text(limits.producer_memory_hours), true},
      {"build.auto_events", text(all.build.auto_events), false},
      {"build.auto_replay_ms", text(all.build.auto_replay_ms), false},
      {"build.ingest_limit_events", text(all.build.ingest_limit_events), false},
      {"retention.log_hours", text(all.retention.log_hours), false},
      {"retention.builds", text(all.retention.builds), false},
      {"retention.table_versions", text(all.retention.table_versions), false},
      {"retention.delta_hours", text(all.retention.delta_hours), false},
      {"retention.quarantine_days",
       all.retention.quarantine_days ? text(*all.retention.quarantine_days) : "for ever", false},
  };
}

void compare_settings(const project::Project& before, const project::Project& after, ProjectPlan& plan) {
  const auto old_settings = settings_of(before);
  const auto new_settings = settings_of(after);
  for (size_t i = 0; i < new_settings.size(); ++i) {
    const Setting& setting = new_settings[i];
    if (setting.value == old_settings[i].value) continue;
    Item item = item_of(Kind::setting, setting.name, Change::changed);
    item.needs_restart = setting.needs_restart;
    item.notes.push_back(fmt::format("{} becomes {}", old_settings[i].value, setting.value));
    if (setting.needs_restart) item.notes.push_back("takes effect when the server is started again");
    plan.items.push_back(std::move(item));
  }
}

}  // namespace

bool is_changed(const project::StreamFile& before, const project::StreamFile& after) {
  return before.schema != after.schema || before.key != after.key || before.partitions != after.partitions ||
         before.event_time != after.event_time || before.description != after.description;
}

bool is_changed(const project::TableFile& before, const project::TableFile& after) {
  return before.source != after.source || before.kind != after.kind || before.table != after.table ||
         before.paths != after.paths || before.format != after.format ||
         before.csv.delimiter != after.csv.delimiter || before.csv.header != after.csv.header ||
         before.csv.null_text != after.csv.null_text || before.columns != after.columns;
}

ProjectPlan compare_projects(const RunnableProject& before, const RunnableProject& after,
                             const std::function<bool(const std::string&)>& has_build,
                             const model::Offsets& durable) {
  ProjectPlan plan;
  compare_streams(before.project, after.project, plan);
  compare_tables(before.project, after.project, plan);
  compare_views(before, after, has_build, durable, plan);
  compare_settings(before.project, after.project, plan);
  for (const Item& item : plan.items) plan.events += item.events;
  return plan;
}

}  // namespace anabranch::app
