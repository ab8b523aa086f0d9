#include "model/schema.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace anabranch::model {

std::optional<size_t> Schema::find(std::string_view name) const {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return i;
  }
  return std::nullopt;
}

std::string Schema::to_json() const {
  nlohmann::ordered_json document;
  document["version"] = version;
  document["on_drift"] = to_string(on_drift);
  auto& list = document["fields"] = nlohmann::ordered_json::array();
  for (const Field& field : fields) {
    nlohmann::ordered_json entry{{"name", field.name}, {"type", field.type.to_sql()}};
    if (field.required) entry["required"] = true;
    if (!field.description.empty()) entry["description"] = field.description;
    list.push_back(std::move(entry));
  }
  return document.dump(2) + "\n";
}

Result<Schema> Schema::from_json(std::string_view json) {
  const auto document = nlohmann::json::parse(json, nullptr, false);
  if (!document.is_object() || !document.contains("fields") || !document["fields"].is_array()) {
    return fail(Code::corrupt, "not a schema: no JSON object with fields");
  }
  Schema schema;
  schema.version = document.value("version", 0u);
  const std::string drift = document.value("on_drift", "evolve");
  schema.on_drift = drift == "freeze"       ? OnDrift::freeze
                    : drift == "quarantine" ? OnDrift::quarantine
                                            : OnDrift::evolve;
  for (const auto& entry : document["fields"]) {
    if (!entry.is_object() || !entry.contains("name") || !entry.contains("type")) {
      return fail(Code::corrupt, "not a schema: a field without name or type");
    }
    Field field;
    field.name = entry["name"].get<std::string>();
    field.type = TRY(Type::parse(entry["type"].get<std::string>()));
    field.required = entry.value("required", false);
    field.description = entry.value("description", "");
    schema.fields.push_back(std::move(field));
  }
  return schema;
}

namespace {

// Whether `text` begins with `start`, which is in lower case, as SQL compares names.
bool begins_with(std::string_view text, std::string_view start) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return text.size() >= start.size() &&
         std::equal(start.begin(), start.end(), text.begin(), [&](char a, char b) { return a == lower(b); });
}

}  // namespace

bool is_system_column(std::string_view name) {
  for (const std::string_view column : {partition_column, offset_column, ingested_at_column, raw_column}) {
    if (name.size() == column.size() && begins_with(name, column)) return true;
  }
  return false;
}

bool is_reserved_name(std::string_view name) { return begins_with(name, reserved_prefix); }

std::string_view to_string(OnDrift on_drift) {
  switch (on_drift) {
    case OnDrift::evolve:
      return "evolve";
    case OnDrift::freeze:
      return "freeze";
    case OnDrift::quarantine:
      return "quarantine";
  }
  return "evolve";
}

}  // namespace anabranch::model
