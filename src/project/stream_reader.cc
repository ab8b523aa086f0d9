#include "project/stream_reader.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "project/column_types.h"
#include "project/map_reader.h"
#include "project/names.h"
#include "project/nearest.h"

namespace anabranch::project {
namespace {

constexpr const char* fields_hint =
    "list at least one field, as in '- {name: id, type: varchar, required: true}'";

// Columns of a table; what reads wider ones gets slow.
constexpr uint64_t drift_fields_max = 10'000;

// Each has files, a buffer and producers of its own.
constexpr uint64_t partitions_max = 64;

Place place_of_type(const YamlNode& field) {
  const YamlNode* type = field.find("type");
  return type ? type->place : field.place;
}

// Names that fields had before: each of one field, and of no field now.
void check_earlier_names(const std::vector<const YamlNode*>& fields, const std::vector<Located>& names,
                         Problems& problems) {
  std::set<std::string> seen;
  for (const YamlNode* node : fields) {
    const YamlNode* was = node->find("was");
    if (was == nullptr) continue;
    std::vector<const YamlNode*> earlier = {was};
    if (!was->items.empty()) {
      earlier.clear();
      for (const YamlNode& item : was->items) earlier.push_back(&item);
    }
    for (const YamlNode* name : earlier) {
      if (!name->is_scalar()) continue;
      const bool is_field = std::any_of(names.begin(), names.end(),
                                        [&](const Located& each) { return each.text == name->text; });
      if (is_field) {
        problems.error(name->place, fmt::format("'was' names a field that the stream has: '{}'", name->text),
                       "remove that field, or the 'was'");
      } else if (!seen.insert(name->text).second) {
        problems.error(name->place, fmt::format("'was' names '{}' twice", name->text),
                       "a name that was given up belongs to one field");
      }
    }
  }
}

std::optional<model::Field> read_field(const YamlNode& node, std::vector<Located>& names,
                                       Problems& problems) {
  const MapReader map(node, "a field", {"name", "type", "required", "description", "was"}, problems);
  if (!map.is_map()) return std::nullopt;
  map.require("name", "write 'name: ' as it stands in the events");
  map.require("type", "write 'type: ' and an SQL type name, such as varchar or integer");
  model::Field field;
  field.required = map.boolean("required").value_or(false);
  field.description = map.text("description").value_or("");
  const auto name = map.text("name");
  if (name) {
    const Place place = map.place_of("name");
    field.name = *name;
    names.push_back({*name, place});
    if (model::is_system_column(fold_case(*name))) {
      problems.error(place, fmt::format("'{}' is a column that every stream has by itself", *name),
                     "give the field another name");
    } else {
      check_column_name(*name, place, problems);
    }
  }
  for (const Located& earlier : map.texts("was")) field.was.push_back(earlier.text);
  const auto type_name = map.text("type");
  if (!type_name) return std::nullopt;
  const auto type = parse_type({*type_name, map.place_of("type")}, problems);
  if (!name || !type) return std::nullopt;
  field.type = *type;
  return field;
}

// Reports a name in key: or event_time: that is no field.
bool check_field(const Located& name, std::string_view key, const std::vector<Located>& names,
                 Problems& problems) {
  std::vector<std::string> known;
  for (const Located& field : names) known.push_back(field.text);
  if (std::find(known.begin(), known.end(), name.text) != known.end()) return true;
  problems.error(name.place, fmt::format("'{}' names no field of the stream: '{}'", key, name.text),
                 suggest(name.text, known, "its fields:"));
  return false;
}

void read_key(const MapReader& map, const std::vector<Located>& names, StreamFile& stream,
              Problems& problems) {
  const std::vector<Located> key = map.texts("key");
  check_distinct(key, "key field", problems);
  for (const Located& field : key) {
    if (!check_field(field, "key", names, problems)) continue;
    stream.key.push_back(field.text);
    const auto position = stream.schema.find(field.text);
    if (!position || stream.partitions == 1) continue;
    const model::Type& type = stream.schema.fields[*position].type;
    if (model::is_partition_key(type)) continue;
    problems.error(field.place,
                   fmt::format("events are spread over partitions by their 'key', and '{}' is {}", field.text,
                               type.to_sql()),
                   "use a text or an integer of at most 64 bits, or one partition");
  }
}

void read_event_time(const MapReader& map, const std::vector<Located>& names, StreamFile& stream,
                     Problems& problems) {
  const auto name = map.text("event_time");
  if (!name) return;
  const Place place = map.place_of("event_time");
  if (!check_field({*name, place}, "event_time", names, problems)) return;
  stream.event_time = *name;
  const auto position = stream.schema.find(*name);
  if (!position) return;  // its type was a mistake of its own
  using Kind = model::Type::Kind;
  const model::Type& type = stream.schema.fields[*position].type;
  if (type.kind == Kind::timestamp || type.kind == Kind::timestamptz || type.kind == Kind::date) return;
  problems.error(place, fmt::format("'event_time' names a field of type {}: '{}'", type.to_sql(), *name),
                 "it must be a timestamptz, timestamp or date");
}

}  // namespace

std::optional<StreamFile> read_stream(const ProjectFolder& folder, const std::string& file) {
  Problems& problems = folder.problems();
  StreamFile stream;
  stream.name = stem_of(file);
  stream.place = {file};
  check_identifier(stream.name, "a stream", {file}, problems);
  const auto yaml = folder.read_yaml(file);
  if (!yaml) return std::nullopt;
  const YamlNode* root = root_map(*yaml, "'fields'", problems);
  if (!root) return std::nullopt;
  const MapReader map(*root, "a stream",
                      {"description", "fields", "key", "partitions", "event_time", "on_drift", "drift"},
                      problems);
  if (!map.is_map()) return std::nullopt;

  stream.description = map.text("description").value_or("");
  if (auto choice = map.choice("on_drift", {"evolve", "freeze", "quarantine"})) {
    constexpr model::OnDrift values[] = {model::OnDrift::evolve, model::OnDrift::freeze,
                                         model::OnDrift::quarantine};
    stream.schema.on_drift = values[*choice];
  }
  if (const YamlNode* drift = map.find("drift")) {
    const MapReader limits(*drift, "'drift'", {"fields_max", "per_hour"}, problems);
    model::DriftLimits& into = stream.schema.drift;
    into.fields_max =
        static_cast<uint32_t>(limits.number("fields_max", 0, drift_fields_max).value_or(into.fields_max));
    into.per_hour =
        static_cast<uint32_t>(limits.number("per_hour", 0, drift_fields_max).value_or(into.per_hour));
  }
  stream.partitions = static_cast<uint32_t>(map.number("partitions", 1, partitions_max).value_or(1));
  std::vector<Located> names;
  if (const YamlNode* fields = map.require("fields", fields_hint)) {
    for (const YamlNode* node : map.list("fields")) {
      auto field = read_field(*node, names, problems);
      if (!field) continue;
      stream.schema.fields.push_back(std::move(*field));
      stream.field_places.push_back(place_of_type(*node));
    }
    if (fields->kind == YamlNode::Kind::sequence && fields->items.empty()) {
      problems.error(fields->place, "a stream without fields", fields_hint);
    }
    check_distinct(names, "field", problems);
    check_earlier_names(map.list("fields"), names, problems);
    read_key(map, names, stream, problems);
    read_event_time(map, names, stream, problems);
  }
  return stream;
}

}  // namespace anabranch::project
