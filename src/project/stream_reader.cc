#include "project/stream_reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "project/column_types.h"
#include "project/map_reader.h"
#include "project/names.h"
#include "project/nearest.h"

namespace anabranch::project {
namespace {

constexpr const char* fields_hint =
    "list at least one field, as in '- {name: id, type: varchar, required: true}'";

std::optional<model::Field> read_field(const YamlNode& node, std::vector<Located>& names,
                                       Problems& problems) {
  const MapReader map(node, "a field", {"name", "type", "required", "description"}, problems);
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
    if (check_field(field, "key", names, problems)) stream.key.push_back(field.text);
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
  const MapReader map(*root, "a stream", {"description", "fields", "key", "event_time", "on_drift"},
                      problems);
  if (!map.is_map()) return std::nullopt;

  stream.description = map.text("description").value_or("");
  if (auto choice = map.choice("on_drift", {"evolve", "freeze", "quarantine"})) {
    constexpr model::OnDrift values[] = {model::OnDrift::evolve, model::OnDrift::freeze,
                                         model::OnDrift::quarantine};
    stream.schema.on_drift = values[*choice];
  }
  std::vector<Located> names;
  if (const YamlNode* fields = map.require("fields", fields_hint)) {
    for (const YamlNode* node : map.list("fields")) {
      if (auto field = read_field(*node, names, problems)) stream.schema.fields.push_back(std::move(*field));
    }
    if (fields->kind == YamlNode::Kind::sequence && fields->items.empty()) {
      problems.error(fields->place, "a stream without fields", fields_hint);
    }
    check_distinct(names, "field", problems);
    read_key(map, names, stream, problems);
    read_event_time(map, names, stream, problems);
  }
  return stream;
}

}  // namespace anabranch::project
