#include "model/schema.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace anabranch::model {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_same_column(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::optional<size_t> Schema::find(std::string_view name) const {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return i;
  }
  return std::nullopt;
}

std::optional<size_t> Schema::find_stored(std::string_view stored_name) const {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].stored_name() == stored_name) return i;
  }
  return std::nullopt;
}

bool Schema::is_dropped(std::string_view name) const {
  return !find(name) &&
         std::any_of(dropped.begin(), dropped.end(), [&](const Field& field) { return field.name == name; });
}

void Schema::add(Field field) {
  // Columns of files are told apart as SQL does it, whatever the case of their letters.
  const auto is_taken = [&](std::string_view column) {
    const auto has_it = [&](const Field& other) { return is_same_column(other.stored_name(), column); };
    return std::any_of(fields.begin(), fields.end(), has_it) ||
           std::any_of(dropped.begin(), dropped.end(), has_it);
  };
  std::string column = field.name;
  for (int number = 2; is_taken(column); ++number) column = fmt::format("{}~{}", field.name, number);
  field.stored_as = column == field.name ? std::string() : column;
  fields.push_back(std::move(field));
}

Schema Schema::as_stored() const {
  Schema stored;
  stored.version = version;
  for (const std::vector<Field>* list : {&fields, &dropped}) {
    for (const Field& field : *list) stored.fields.push_back({field.stored_name(), field.type});
  }
  return stored;
}

namespace {

using Json = nlohmann::ordered_json;

// Before it, nothing said whether a field of a later version was declared or found.
constexpr int format_now = 2;
constexpr int64_t found_some_time = 1;

Json to_entry(const Field& field) {
  Json entry{{"name", field.name}, {"type", field.type.to_sql()}};
  if (field.required) entry["required"] = true;
  if (!field.description.empty()) entry["description"] = field.description;
  if (!field.was.empty()) entry["was"] = field.was;
  if (!field.stored_as.empty()) entry["stored_as"] = field.stored_as;
  if (field.found_at_us != 0) entry["found_at_us"] = field.found_at_us;
  return entry;
}

Json to_list(const std::vector<Field>& fields) {
  Json list = Json::array();
  for (const Field& field : fields) list.push_back(to_entry(field));
  return list;
}

Result<std::vector<Field>> read_list(const nlohmann::json& list) {
  std::vector<Field> fields;
  for (const auto& entry : list) {
    if (!entry.is_object() || !entry.contains("name") || !entry.contains("type")) {
      return fail(Code::corrupt, "not a schema: a field without name or type");
    }
    Field field;
    field.name = entry["name"].get<std::string>();
    field.type = TRY(Type::parse(entry["type"].get<std::string>()));
    field.required = entry.value("required", false);
    field.description = entry.value("description", "");
    field.was = entry.value("was", std::vector<std::string>());
    field.stored_as = entry.value("stored_as", "");
    field.found_at_us = entry.value("found_at_us", int64_t{0});
    fields.push_back(std::move(field));
  }
  return fields;
}

}  // namespace

std::string Schema::to_json() const {
  Json document;
  document["version"] = version;
  if (version > 1) document["format"] = format_now;
  document["on_drift"] = to_string(on_drift);
  if (drift != DriftLimits())
    document["drift"] = {{"fields_max", drift.fields_max}, {"per_hour", drift.per_hour}};
  document["fields"] = to_list(fields);
  if (!dropped.empty()) document["dropped"] = to_list(dropped);
  return document.dump(2) + "\n";
}

std::string Schema::to_json_after(const Schema& before) const {
  Schema rest = *this;
  if (before.fields.size() >= fields.size() || before.version + 1 != version) return to_json();
  rest.fields.resize(before.fields.size());
  rest.version = before.version;
  if (rest != before) return to_json();
  const std::vector<Field> added(fields.begin() + static_cast<std::ptrdiff_t>(before.fields.size()),
                                 fields.end());
  return Json{{"version", version}, {"after", before.version}, {"added", to_list(added)}}.dump() + "\n";
}

Result<Schema> Schema::from_json(std::string_view json, const Schema* before) {
  const auto document = nlohmann::json::parse(json, nullptr, false);
  if (document.is_object() && document.contains("added") && document["added"].is_array()) {
    if (before == nullptr || document.value("after", 0u) != before->version) {
      return fail(Code::corrupt, "not a whole schema: it adds to a version that is not the one before");
    }
    Schema schema = *before;
    schema.version = document.value("version", 0u);
    for (Field& field : TRY(read_list(document["added"]))) schema.fields.push_back(std::move(field));
    return schema;
  }
  if (!document.is_object() || !document.contains("fields") || !document["fields"].is_array()) {
    return fail(Code::corrupt, "not a schema: no JSON object with fields");
  }
  Schema schema;
  schema.version = document.value("version", 0u);
  const std::string drift = document.value("on_drift", "evolve");
  schema.on_drift = drift == "freeze"       ? OnDrift::freeze
                    : drift == "quarantine" ? OnDrift::quarantine
                                            : OnDrift::evolve;
  if (const auto limits = document.find("drift"); limits != document.end()) {
    schema.drift.fields_max = limits->value("fields_max", schema.drift.fields_max);
    schema.drift.per_hour = limits->value("per_hour", schema.drift.per_hour);
  }
  schema.fields = TRY(read_list(document["fields"]));
  schema.dropped = TRY(read_list(document.value("dropped", nlohmann::json::array())));
  if (schema.version > 1 && document.value("format", 1) < format_now) {
    // Events require nothing: what is required was declared. The rest is not taken for dropped.
    for (Field& field : schema.fields) {
      if (!field.required) field.found_at_us = found_some_time;
    }
  }
  return schema;
}

namespace {

// Whether `text` begins with `start`, which is in lower case, as SQL compares names.
bool begins_with(std::string_view text, std::string_view start) {
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
