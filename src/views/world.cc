#include "views/world.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "views/model_planner.h"

namespace anabranch::views {

using nlohmann::json;

const Plan* World::plan(std::string_view view) const {
  for (const Plan& plan : plans) {
    if (plan.view == view) return &plan;
  }
  return nullptr;
}

namespace {

json to_json(const std::vector<model::RelationColumn>& columns) {
  json list = json::array();
  for (const auto& column : columns) list.push_back({column.name, column.type});
  return list;
}

std::vector<model::RelationColumn> columns_from(const json& list) {
  std::vector<model::RelationColumn> columns;
  for (const auto& entry : list)
    columns.push_back({entry[0].get<std::string>(), entry[1].get<std::string>()});
  return columns;
}

json to_json(const std::vector<RowOrder>& order) {
  json list = json::array();
  for (const auto& [key, type] : order)
    list.push_back({key.column, key.is_descending, static_cast<int>(key.nulls), type});
  return list;
}

std::vector<RowOrder> order_from(const json& list) {
  std::vector<RowOrder> order;
  for (const auto& entry : list) {
    order.push_back({{entry[0].get<std::string>(), entry[1].get<bool>(),
                      static_cast<sql::OrderItem::Nulls>(entry[2].get<int>())},
                     entry[3].get<std::string>()});
  }
  return order;
}

json to_json(const Plan& plan) {
  json parts = json::array();
  for (const StatePart& part : plan.parts) {
    parts.push_back({{"name", part.name},
                     {"partial", part.partial},
                     {"merge", part.merge},
                     {"columns", to_json(part.columns)},
                     {"keys", part.keys},
                     {"is_combining", part.is_combining},
                     {"summary", part.summary}});
  }
  return {{"view", plan.view},
          {"class", static_cast<int>(plan.view_class)},
          {"columns", to_json(plan.columns)},
          {"relations", plan.relations},
          {"streams", plan.streams},
          {"tables", plan.tables},
          {"rows", plan.rows},
          {"parts", parts},
          {"finalise", plan.finalise},
          {"inlined", plan.inlined},
          {"is_hidden", plan.is_hidden},
          {"depends_on_moment", plan.depends_on_moment},
          {"canonical", plan.canonical},
          {"order", to_json(plan.order)},
          {"ordered", plan.ordered},
          {"ordered_finalise", plan.ordered_finalise}};
}

Plan plan_from(const json& document) {
  Plan plan;
  plan.view = document.at("view");
  plan.view_class = static_cast<ViewClass>(document.at("class").get<int>());
  plan.columns = columns_from(document.at("columns"));
  plan.relations = document.at("relations");
  plan.streams = document.at("streams");
  plan.tables = document.at("tables");
  plan.rows = document.at("rows");
  for (const auto& entry : document.at("parts")) {
    plan.parts.push_back({entry.at("name"), entry.at("partial"), entry.at("merge"),
                          columns_from(entry.at("columns")), entry.at("keys"), entry.at("is_combining"),
                          entry.at("summary")});
  }
  plan.finalise = document.at("finalise");
  plan.inlined = document.at("inlined");
  plan.is_hidden = document.at("is_hidden");
  plan.depends_on_moment = document.at("depends_on_moment");
  plan.canonical = document.at("canonical");
  plan.order = order_from(document.at("order"));
  plan.ordered = document.at("ordered");
  plan.ordered_finalise = document.at("ordered_finalise");
  return plan;
}

// How states and rows lie in their files. To be raised when that changes: what lies there is then computed
// anew.
constexpr int files_version = 2;

// What reading events by a schema depends on, as the first schemas were written: hashes of states that lie in
// files must not change when a schema says more of itself.
std::string basis_text(const model::Schema& schema) {
  nlohmann::ordered_json document;
  document["version"] = schema.version;
  document["on_drift"] = model::to_string(schema.on_drift);
  auto& fields = document["fields"] = nlohmann::ordered_json::array();
  for (const model::Field& field : schema.fields) {
    nlohmann::ordered_json entry{{"name", field.name}, {"type", field.type.to_sql()}};
    if (field.required) entry["required"] = true;
    if (!field.description.empty()) entry["description"] = field.description;
    if (!field.stored_as.empty()) entry["stored_as"] = field.stored_as;
    fields.push_back(std::move(entry));
  }
  return document.dump(2) + "\n";
}

// What the states of a view depend on, so that two equal hashes mean states that can be merged.
std::string basis_hash(const World& world, const Plan& plan) {
  uint64_t hash = fnv1a(fmt::format("{}{}", files_version, to_json(plan).dump()));
  for (const std::string& name : plan.relations) {
    if (const auto below = world.basis_hashes.find(name); below != world.basis_hashes.end())
      hash = fnv1a(below->second, hash);
  }
  for (const std::string& table : plan.tables) {
    if (const auto found = world.tables.find(table); found != world.tables.end()) {
      hash = fnv1a(fmt::format("{}={}", table, found->second.version), hash);
    }
  }
  for (const std::string& stream : plan.streams) {
    if (const auto found = world.schemas.find(stream); found != world.schemas.end())
      hash = fnv1a(basis_text(found->second), hash);
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace

std::string World::to_json() const {
  json document;
  for (const Plan& plan : plans) document["plans"].push_back(views::to_json(plan));
  for (const auto& [name, relation] : relations) {
    document["relations"].push_back({{"name", relation.name},
                                     {"kind", static_cast<int>(relation.kind)},
                                     {"columns", views::to_json(relation.columns)},
                                     {"hidden_columns", views::to_json(relation.hidden_columns)}});
  }
  for (const auto& [name, schema] : schemas) document["schemas"][name] = schema.to_json();
  for (const auto& [name, table] : tables) {
    document["tables"][name] = {{"version", table.version},
                                {"file", table.file},
                                {"columns", views::to_json(table.columns)},
                                {"rows", table.rows},
                                {"is_in_place", table.is_in_place}};
  }
  document["basis_hashes"] = basis_hashes;
  document["materialized"] = materialized;
  return document.dump();
}

Result<World> World::from_json(std::string_view text) {
  World world;
  try {
    const json document = json::parse(text);
    for (const auto& entry : document.value("plans", json::array())) world.plans.push_back(plan_from(entry));
    for (const auto& entry : document.value("relations", json::array())) {
      Relation relation;
      relation.name = entry.at("name");
      relation.kind = static_cast<Relation::Kind>(entry.at("kind").get<int>());
      relation.columns = columns_from(entry.at("columns"));
      relation.hidden_columns = columns_from(entry.at("hidden_columns"));
      world.relations[sql::lower(relation.name)] = std::move(relation);
    }
    const json schemas = document.value("schemas", json::object());
    for (const auto& [name, schema] : schemas.items()) {
      world.schemas[name] = TRY(model::Schema::from_json(schema.get<std::string>()));
    }
    const json tables = document.value("tables", json::object());
    for (const auto& [name, table] : tables.items()) {
      world.tables[name] = {name,
                            table.at("version"),
                            table.at("file"),
                            columns_from(table.at("columns")),
                            table.at("rows"),
                            table.at("is_in_place")};
    }
    world.basis_hashes = document.at("basis_hashes");
    world.materialized = document.at("materialized");
  } catch (const json::exception& error) {
    return fail(Code::corrupt, fmt::format("the plans of the views cannot be read: {}", error.what()));
  }
  return world;
}

namespace {

// Its own error, or that of what it reads.
Error why_absent(const World& world, const ModelSource& model, const PlannedModel& outcome) {
  if (!outcome.errors.empty()) {
    Error error = outcome.errors.front();
    const std::string where =
        error.code == Code::bad_sql && error.place
            ? fmt::format("{}:{}:{}: ", error.place->file, error.place->line, error.place->column)
            : "";
    error.message = fmt::format("{} cannot be read: {}{}", model.name, where, error.message);
    error.place.reset();
    if (error.hint.empty()) error.hint = "correct the model";
    return error;
  }
  for (const std::string& name : outcome.reads) {
    const auto below = world.absent.find(name);
    if (below != world.absent.end()) return below->second;
  }
  return {Code::unavailable, fmt::format("{} cannot be read", model.name), "", {}};
}

}  // namespace

WorldResult make_world(const std::vector<ModelSource>& models,
                       const std::map<std::string, model::Schema>& schemas,
                       const std::map<std::string, PinnedTable>& tables,
                       const std::map<std::string, Error>& absent, size_t threads) {
  WorldResult result;
  World& world = result.world;
  world.schemas = schemas;
  world.tables = tables;
  std::vector<Relation> sources;
  for (const auto& [name, schema] : schemas) sources.push_back(stream_relation(name, schema));
  for (const auto& [name, table] : tables)
    sources.push_back(table_relation(name, table.columns, table.is_in_place));
  ModelPlanner planner(models, sources, absent);
  auto planned = planner.run(threads);
  if (!planned) {
    result.errors.push_back(std::move(planned).error());
    return result;
  }
  const auto add = [&](const Relation& relation) { world.relations[sql::lower(relation.name)] = relation; };
  for (const Relation& relation : sources) add(relation);
  world.absent = absent;
  for (size_t i = 0; i < models.size(); ++i) {
    const ModelSource& model = models[i];
    PlannedModel& outcome = (*planned)[i];
    world.materialized[model.name] = model.is_materialized;
    if (!outcome.view) world.absent[sql::lower(model.name)] = why_absent(world, model, outcome);
    for (Error& error : outcome.errors) result.errors.push_back(std::move(error));
    if (!outcome.view) continue;
    for (const Relation& relation : outcome.view->block_relations) add(relation);
    add(outcome.view->relation);
    for (const Plan& block : outcome.view->blocks) {
      world.materialized[block.view] = false;
      world.basis_hashes[block.view] = basis_hash(world, block);
      world.plans.push_back(block);
    }
    world.basis_hashes[model.name] = basis_hash(world, outcome.view->plan);
    world.plans.push_back(outcome.view->plan);
  }
  return result;
}

}  // namespace anabranch::views
