#include "ingest/json_event_reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/mistake.h"
#include "ingest/excerpt.h"
#include "ingest/number.h"

namespace anabranch::ingest {

namespace ondemand = simdjson::ondemand;

namespace {

// The type that a value of an undeclared field gives it; none for null.
std::optional<model::Type> type_of(std::string_view token) {
  model::Type type;
  switch (token[0]) {
    case '"':
      type.kind = model::Type::Kind::varchar;
      break;
    case '{':
    case '[':
      type.kind = model::Type::Kind::json;
      break;
    case 't':
    case 'f':
      type.kind = model::Type::Kind::boolean;
      break;
    case 'n':
      return std::nullopt;
    default:
      type.kind = token.find_first_of(".eE") == std::string_view::npos ? model::Type::Kind::bigint
                                                                       : model::Type::Kind::double_precision;
  }
  return type;
}

// Two names of one event that SQL cannot tell apart.
bool are_distinct(std::vector<std::string_view>& names, std::string& problem) {
  if (names.size() < 2) return true;
  std::vector<std::pair<std::string, std::string_view>> sorted;
  sorted.reserve(names.size());
  for (const std::string_view name : names) sorted.emplace_back(folded(name), name);
  std::sort(sorted.begin(), sorted.end());
  const auto alike = std::adjacent_find(sorted.begin(), sorted.end(),
                                        [](const auto& a, const auto& b) { return a.first == b.first; });
  if (alike == sorted.end()) return true;
  const std::string_view other = std::next(alike)->second;
  problem = alike->second == other ? fmt::format("field {}: comes twice in the event", excerpt(other))
                                   : fmt::format("fields {} and {}: differ only in case; names in SQL do not",
                                                 excerpt(alike->second), excerpt(other));
  return false;
}

}  // namespace

JsonEventReader::JsonEventReader(const model::Schema& schema, Shape shape)
    : shape_(shape), fields_(std::make_unique<DeclaredFields>(schema)), seen_(schema.fields.size(), 0) {}

void JsonEventReader::declare(const std::vector<model::Field>& fields) {
  model::Schema schema = fields_->schema();
  schema.fields.insert(schema.fields.end(), fields.begin(), fields.end());
  fields_ = std::make_unique<DeclaredFields>(schema);
  seen_.resize(schema.fields.size(), 0);
}

bool JsonEventReader::read(std::string_view text, size_t readable_after, const Row& row,
                           std::string& problem) {
  ++event_;
  has_declared_ = false;
  found_.clear();
  undeclared_.clear();
  if (!json_.open(text, readable_after, problem)) return false;
  if (json_.first() != '{') {
    problem = fmt::format("'{}' is not a JSON object; an event is one", excerpt(json_.whole()));
    return false;
  }
  ondemand::object object;
  if (const auto error = json_.document().get_object().get(object)) {
    problem = json_.describe(error);
    return false;
  }
  if (!(shape_ == Shape::object ? read_members(object, row, problem)
                                : read_cloudevent(object, row, problem))) {
    return false;
  }
  if (!json_.is_at_end()) {
    problem = "is not JSON: it goes on after the end of the object";
    return false;
  }
  for (const size_t field : fields_->required()) {
    if (is_seen(field) || is_planted("an event without a required field is let in")) continue;
    problem = fmt::format("field {}: is required but missing", fields_->name(field));
    return false;
  }
  return row.is_checked_only() ? are_distinct(undeclared_, problem) : true;
}

bool JsonEventReader::is_wrapper(std::string_view text, size_t readable_after, std::string& problem) {
  std::string ignored;
  if (has_declared_ || shape_ != Shape::object || fields_->size() == 0) return false;
  if (!json_.open(text, readable_after, ignored) || json_.first() != '{') return false;
  ondemand::object object;
  if (json_.document().get_object().get(object) != simdjson::SUCCESS) return false;
  std::string found;
  for (auto member : object) {
    ondemand::field field;
    std::string_view name;
    if (std::move(member).get(field) != simdjson::SUCCESS) return false;
    if (!json_.read_name(field.key(), name, ignored) || fields_->find(name)) return false;
    ondemand::array list;
    if (!found.empty() || field.value().get_array().get(list) != simdjson::SUCCESS) continue;
    if (begins_with_event(list)) found = name;
  }
  if (found.empty()) return false;
  problem =
      fmt::format("has no field of the stream; its events seem to lie in the list '{}': send that list alone",
                  excerpt(found));
  return true;
}

// Whether the first element is an object with a declared field.
bool JsonEventReader::begins_with_event(ondemand::array& list) {
  std::string ignored;
  for (auto element : list) {
    ondemand::object object;
    if (element.get_object().get(object) != simdjson::SUCCESS) return false;
    for (auto member : object) {
      ondemand::field field;
      std::string_view name;
      if (std::move(member).get(field) != simdjson::SUCCESS) return false;
      if (!json_.read_name(field.key(), name, ignored)) return false;
      if (fields_->find(name)) return true;
    }
    return false;
  }
  return false;
}

bool JsonEventReader::read_members(ondemand::object& object, const Row& row, std::string& problem) {
  const DeclaredFields& fields = *fields_;
  size_t expected = 0;
  for (auto member : object) {
    ondemand::field field;
    if (const auto error = std::move(member).get(field)) {
      problem = json_.describe(error);
      return false;
    }
    size_t index = expected;
    if (expected >= fields.size() || !fields.is_plain(expected) ||
        !json_.is_name(field.key(), fields.name(expected))) {
      std::string_view name;
      if (!json_.read_name(field.key(), name, problem)) return false;
      const std::optional<size_t> found = fields.find(name);
      if (!found) {
        if (!row.is_checked_only()) continue;
        const std::string_view token = JsonText::trimmed(field.value().raw_json_token());
        if (!take_undeclared(name, field.value(), token, problem)) return false;
        continue;
      }
      index = *found;
    }
    expected = index + 1;
    has_declared_ = true;
    if (is_seen(index)) {
      problem =
          fmt::format("field {}: comes twice in the event{}", fields.name(index),
                      schema().fields[index].was.empty() ? "" : ", perhaps by a name that it had before");
      return false;
    }
    seen_[index] = event_;
    const std::string_view token = JsonText::trimmed(field.value().raw_json_token());
    if (token == "null") {
      if (!fields.is_required(index)) continue;
      problem = fmt::format("field {}: is null but required", fields.name(index));
      return false;
    }
    if (!fields.parser(index).parse_json(json_, field.value(), token, row.cell(index), problem)) {
      problem = fmt::format("field {}: {}", fields.name(index), problem);
      return false;
    }
  }
  return true;
}

bool JsonEventReader::take_undeclared(std::string_view name, ondemand::value& value, std::string_view token,
                                      std::string& problem) {
  const model::OnDrift on_drift = schema().on_drift;
  problem = fields_->objection(name);
  if (problem.empty() && on_drift == model::OnDrift::quarantine) {
    problem = fmt::format("field {}: the stream does not declare it (on_drift: quarantine)", excerpt(name));
  }
  if (!problem.empty()) return false;
  undeclared_.push_back(name);
  if (!json_.validate(value, token, 1, problem)) {
    problem = fmt::format("field {}: {}", excerpt(name), problem);
    return false;
  }
  if (on_drift != model::OnDrift::evolve || schema().is_dropped(name)) return true;
  const std::optional<model::Type> type = type_of(token);
  if (!type) return true;
  if (fields_->size() + found_.size() - fields_before_ >= room_.fields) {
    problem = room_.problem(name);
    return false;
  }
  if (type->layout() != model::Type::Layout::text &&
      !ValueParser(*type).parse_scalar(json_, token, Cell{}, problem)) {
    problem = fmt::format("field {}: {}", excerpt(name), problem);
    return false;
  }
  if (problem = column_objection(name); !problem.empty()) return false;
  found_.push_back({std::string(name), *type, false, {}});
  return true;
}

const JsonEventReader::Attribute* JsonEventReader::attribute(std::string_view name) const {
  const auto found = std::find_if(attributes_.begin(), attributes_.end(),
                                  [&](const Attribute& each) { return each.name == name; });
  return found == attributes_.end() ? nullptr : &*found;
}

const JsonEventReader::Attribute* JsonEventReader::attribute_of(const model::Field& field) const {
  const Attribute* given = attribute(field.name);
  for (size_t i = 0; given == nullptr && i < field.was.size(); ++i) given = attribute(field.was[i]);
  return given;
}

bool JsonEventReader::read_cloudevent(ondemand::object& object, const Row& row, std::string& problem) {
  attributes_.clear();
  const size_t mark = json_.mark_names();
  for (auto member : object) {
    ondemand::field field;
    if (const auto error = std::move(member).get(field)) {
      problem = json_.describe(error);
      return false;
    }
    std::string_view name;
    if (!json_.read_name(field.key(), name, problem)) return false;
    json_.add_name(name);
    const std::string_view token = JsonText::trimmed(field.value().raw_json_token());
    if (name == "data") {
      if (token[0] != '{') {
        problem = fmt::format("data: {} is {}; the data of an event is a JSON object", excerpt(token),
                              kind_of(token));
        return false;
      }
      ondemand::object data;
      if (const auto error = field.value().get_object().get(data)) {
        problem = json_.describe(error);
        return false;
      }
      if (!read_members(data, row, problem)) return false;
    } else if (name == "data_base64") {
      problem = "data_base64: bytes are no event; send a JSON object as data";
      return false;
    } else if (token[0] == '{' || token[0] == '[') {
      problem = fmt::format("attribute {}: is {}; attributes of CloudEvents are strings, numbers or booleans",
                            excerpt(name), kind_of(token));
      return false;
    } else {
      if (!json_.validate_scalar(token, problem)) {
        problem = fmt::format("attribute {}: {}", excerpt(name), problem);
        return false;
      }
      if (token != "null") attributes_.push_back({name, token});
    }
  }
  if (json_.has_twice(mark, problem)) return false;
  if (row.is_checked_only()) {
    for (const std::string_view needed : {"specversion", "id", "source", "type"}) {
      const Attribute* const given = attribute(needed);
      if (given == nullptr || given->token.size() < 3 || given->token[0] != '"') {
        problem = fmt::format("is no CloudEvent: the attribute {} is missing or no text", needed);
        return false;
      }
      if (needed == "specversion" && !given->token.starts_with("\"1.")) {
        problem =
            fmt::format("specversion: {} is not known; this reads CloudEvents 1.0", excerpt(given->token));
        return false;
      }
    }
  }
  return fill_from_attributes(row, problem);
}

bool JsonEventReader::fill_from_attributes(const Row& row, std::string& problem) {
  for (size_t field = 0; field < fields_->size(); ++field) {
    if (is_seen(field)) continue;
    const Attribute* const given = attribute_of(schema().fields[field]);
    if (given == nullptr) continue;
    seen_[field] = event_;
    if (!fields_->parser(field).parse_scalar(json_, given->token, row.cell(field), problem)) {
      problem = fmt::format("field {}: attribute of the CloudEvent: {}", fields_->name(field), problem);
      return false;
    }
  }
  return true;
}

}  // namespace anabranch::ingest
