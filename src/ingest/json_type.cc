#include "ingest/json_type.h"

#include <algorithm>

#include "model/column_name.h"

namespace anabranch::ingest {
namespace {

namespace ondemand = simdjson::ondemand;

// Deeper ones and larger ones are JSON: files of nested columns are read the slower the deeper they nest, and
// an object with that many names is a map by its nature.
constexpr int nesting_max = 8;
constexpr size_t members_max = 200;

}  // namespace

bool JsonType::add(JsonText& json, ondemand::value& value, std::string_view token, int depth,
                   std::string& problem) {
  if (token == "null") return true;
  const char first = token[0];
  const Kind kind = first == '{'                   ? Kind::object
                    : first == '['                 ? Kind::list
                    : first == '"'                 ? Kind::text
                    : first == 't' || first == 'f' ? Kind::boolean
                                                   : Kind::number;
  if (kind_ == Kind::none) kind_ = kind;
  const bool is_too_deep = depth > nesting_max && (kind == Kind::list || kind == Kind::object);
  if (kind_ != kind || is_too_deep) kind_ = Kind::mixed;
  switch (kind_) {
    case Kind::list:
      return add_list(json, value, depth, problem);
    case Kind::object:
      return add_object(json, value, depth, problem);
    case Kind::text: {
      std::string_view text;
      bool lasts = false;
      if (!json.read_string(token, text, lasts, problem)) return false;
      texts_.add(text);
      return true;
    }
    case Kind::number:
      if (const auto number = read_number(token)) {
        numbers_.add(*number);
        return true;
      }
      break;
    default:
      break;
  }
  return json.validate(value, token, depth, problem);
}

bool JsonType::add_list(JsonText& json, ondemand::value& value, int depth, std::string& problem) {
  ondemand::array array;
  if (const auto error = value.get_array().get(array)) {
    problem = json.describe(error);
    return false;
  }
  if (element_ == nullptr) element_ = std::make_unique<JsonType>();
  for (auto each : array) {
    ondemand::value element;
    if (const auto error = std::move(each).get(element)) {
      problem = json.describe(error);
      return false;
    }
    const std::string_view token = JsonText::trimmed(element.raw_json_token());
    if (!element_->add(json, element, token, depth + 1, problem)) return false;
  }
  return true;
}

bool JsonType::add_object(JsonText& json, ondemand::value& value, int depth, std::string& problem) {
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) {
    problem = json.describe(error);
    return false;
  }
  size_t expected = 0;
  for (auto member : object) {
    ondemand::field field;
    if (const auto error = std::move(member).get(field)) {
      problem = json.describe(error);
      return false;
    }
    std::string_view name;
    if (!json.read_name(field.key(), name, problem)) return false;
    if (expected >= members_.size() || members_[expected].first != name) {
      const auto found = std::find_if(members_.begin(), members_.end(),
                                      [&](const auto& each) { return each.first == name; });
      expected = static_cast<size_t>(found - members_.begin());
      // One more than may be shows that there are too many.
      if (found == members_.end() && members_.size() <= members_max)
        members_.emplace_back(std::string(name), std::make_unique<JsonType>());
    }
    const std::string_view token = JsonText::trimmed(field.value().raw_json_token());
    if (expected >= members_.size()) {
      if (!json.validate(field.value(), token, depth + 1, problem)) return false;
    } else if (!members_[expected].second->add(json, field.value(), token, depth + 1, problem)) {
      return false;
    }
    ++expected;
  }
  return true;
}

model::Type JsonType::type() const {
  model::Type type;
  model::Type json;
  json.kind = model::Type::Kind::json;
  switch (kind_) {
    case Kind::none:
      return type;
    case Kind::boolean:
      type.kind = model::Type::Kind::boolean;
      return type;
    case Kind::number:
      return numbers_.type().value_or(json);
    case Kind::text:
      return texts_.type();
    case Kind::list:
      if (element_->kind_ == Kind::none) return json;
      type.kind = model::Type::Kind::list;
      type.children = {element_->type()};
      return type;
    case Kind::object: {
      if (members_.empty() || members_.size() > members_max) return json;
      type.kind = model::Type::Kind::structure;
      std::vector<std::string> folded_names;
      for (const auto& [name, member] : members_) {
        if (!model::lake_column_name_objection(name).empty()) return json;
        type.names.push_back(name);
        type.children.push_back(member->type());
        folded_names.push_back(folded(name));
      }
      std::sort(folded_names.begin(), folded_names.end());
      const bool is_twice =
          std::adjacent_find(folded_names.begin(), folded_names.end()) != folded_names.end();
      return is_twice ? json : type;
    }
    case Kind::mixed:
      return json;
  }
  return json;
}

}  // namespace anabranch::ingest
