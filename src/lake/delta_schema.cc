#include "lake/delta_schema.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/join.h"
#include "lake/type_mapping.h"
#include "model/type.h"
#include "model/type_widening.h"
#include "sql/syntax.h"

namespace anabranch::lake {
namespace {

using Json = nlohmann::ordered_json;

Result<Json> field_of(const model::RelationColumn& column) {
  const LakeType type = TRY(lake_type(column.type));
  Json metadata = Json::object();
  if (!type.is_original) metadata[std::string(original_type_key)] = column.type;
  return Json{{"name", column.name},
              {"type", Json::parse(type.delta)},
              {"nullable", true},
              {"metadata", std::move(metadata)}};
}

Result<Json> parse_schema(std::string_view schema) {
  Json document = Json::parse(schema, nullptr, false);
  const auto is_field = [](const Json& field) {
    return field.is_object() && field.contains("name") && field["name"].is_string() && field.contains("type");
  };
  if (!document.is_object() || !document.contains("fields") || !document["fields"].is_array() ||
      !std::all_of(document["fields"].begin(), document["fields"].end(), is_field)) {
    return fail(Code::corrupt, "its schema is not a Delta schema");
  }
  return document;
}

// The engine's name for what a file's column of a Delta type is.
Result<std::string> engine_type_of(const Json& delta) {
  static const std::map<std::string, std::string, std::less<>> scalars = {
      {"boolean", "BOOLEAN"},
      {"byte", "TINYINT"},
      {"short", "SMALLINT"},
      {"integer", "INTEGER"},
      {"long", "BIGINT"},
      {"float", "FLOAT"},
      {"double", "DOUBLE"},
      {"string", "VARCHAR"},
      {"binary", "BLOB"},
      {"date", "DATE"},
      {"timestamp", "TIMESTAMP WITH TIME ZONE"},
  };
  const auto unknown = [&]() {
    return fail(Code::refused, fmt::format("the Delta type {} is not one that this program reads",
                                           delta.dump(-1, ' ', false, Json::error_handler_t::replace)));
  };
  const auto child = [&](const char* key) -> Result<std::string> {
    if (!delta.contains(key)) return unknown();
    return engine_type_of(delta[key]);
  };
  if (delta.is_string()) {
    const std::string name = delta.get<std::string>();
    if (const auto known = scalars.find(name); known != scalars.end()) return known->second;
    if (name == "decimal") return "DECIMAL(10,0)";
    if (!name.starts_with("decimal(")) return unknown();
    std::string decimal = "DECIMAL" + name.substr(7);
    std::erase(decimal, ' ');
    if (!lake_type(decimal)) return unknown();
    return decimal;
  }
  const std::string kind = delta.is_object() && delta.contains("type") && delta["type"].is_string()
                               ? delta["type"].get<std::string>()
                               : "";
  if (kind == "array") return TRY(child("elementType")) + "[]";
  if (kind == "map") {
    const std::string key = TRY(child("keyType"));
    const std::string value = TRY(child("valueType"));
    return fmt::format("MAP({}, {})", key, value);
  }
  if (kind == "struct" && delta.contains("fields") && delta["fields"].is_array()) {
    std::string list;
    for (const Json& field : delta["fields"]) {
      if (!field.is_object() || !field.contains("name") || !field["name"].is_string() ||
          !field.contains("type"))
        return unknown();
      const std::string type = TRY(engine_type_of(field["type"]));
      append_item(list, fmt::format("{} {}", sql::quote_identifier(field["name"].get<std::string>()), type));
    }
    return fmt::format("STRUCT({})", list);
  }
  return unknown();
}

Result<model::RelationColumn> column_of(const Json& field) {
  model::RelationColumn column{field["name"].get<std::string>(), ""};
  if (field.contains("metadata") && field["metadata"].is_object()) {
    const auto original = field["metadata"].find(original_type_key);
    if (original != field["metadata"].end() && original->is_string())
      column.type = original->get<std::string>();
  }
  if (column.type.empty()) {
    auto type = engine_type_of(field["type"]);
    if (!type) return in_context(std::move(type), fmt::format("column \"{}\"", column.name));
    column.type = std::move(*type);
  }
  return column;
}

}  // namespace

Result<std::string> delta_schema(const std::vector<model::RelationColumn>& columns) {
  TRY(check_columns(columns));
  Json fields = Json::array();
  for (const model::RelationColumn& column : columns) fields.push_back(TRY(field_of(column)));
  return Json{{"type", "struct"}, {"fields", std::move(fields)}}.dump();
}

Result<std::vector<model::RelationColumn>> columns_of_schema(std::string_view schema) {
  const Json document = TRY(parse_schema(schema));
  std::vector<model::RelationColumn> columns;
  for (const Json& field : document["fields"]) columns.push_back(TRY(column_of(field)));
  return columns;
}

bool is_same_schema(std::string_view a, std::string_view b) {
  // Not the ordered kind: the order of keys in an object means nothing.
  return nlohmann::json::parse(a, nullptr, false) == nlohmann::json::parse(b, nullptr, false);
}

Result<std::optional<std::string>> schema_after_append(std::string_view schema,
                                                       const std::vector<model::RelationColumn>& columns) {
  TRY(check_columns(columns));
  Json document = TRY(parse_schema(schema));
  bool has_changed = false;
  std::set<std::string> appended;
  for (const model::RelationColumn& column : columns) {
    Json added = TRY(field_of(column));
    appended.insert(column.name);
    const auto field = std::find_if(
        document["fields"].begin(), document["fields"].end(),
        [&](const Json& known) { return sql::same_name(known["name"].get<std::string>(), column.name); });
    if (field == document["fields"].end()) {
      document["fields"].push_back(std::move(added));
      has_changed = true;
      continue;
    }
    const std::string name = (*field)["name"].get<std::string>();
    const std::string hint = "append columns as the table has them, or replace the whole table";
    if (name != column.name) {
      return fail(Code::bad_input,
                  fmt::format("column \"{}\" is written \"{}\" in the table", column.name, name), hint);
    }
    const model::RelationColumn before = TRY(column_of(*field));
    if (before.type == column.type) continue;
    const auto old_type = model::Type::parse(before.type);
    const auto new_type = model::Type::parse(column.type);
    if (old_type && new_type && model::widens(*old_type, *new_type)) {
      // Files that are there keep the narrower one: readers take their values as the wider.
      *field = std::move(added);
      has_changed = true;
      continue;
    }
    if (!is_same_schema((*field)["type"].dump(), added["type"].dump())) {
      return fail(Code::bad_input,
                  fmt::format("column \"{}\" is {} in the table and {} in the files to append", name,
                              before.type, column.type),
                  hint);
    }
    if ((*field).contains("metadata") && (*field)["metadata"].erase(std::string(original_type_key)) > 0)
      has_changed = true;
  }
  for (const Json& field : document["fields"]) {
    const std::string name = field["name"].get<std::string>();
    const bool is_nullable = !field.contains("nullable") || field["nullable"] == true;
    const bool has_rule = field.contains("metadata") && field["metadata"].contains("delta.invariants");
    if (!is_nullable || has_rule) {
      return fail(
          Code::refused,
          fmt::format("another program gave column \"{}\" a rule ({}) that this program does not check", name,
                      has_rule ? "delta.invariants" : "not nullable"),
          "replace the whole table, or drop the rule with the program that made it");
    }
  }
  if (!has_changed) return std::optional<std::string>();
  return std::optional(document.dump());
}

}  // namespace anabranch::lake
