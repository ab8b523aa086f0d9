#include "ingest/nested_value.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "ingest/excerpt.h"
#include "ingest/iso_time.h"
#include "ingest/value_parser.h"

namespace anabranch::ingest {
namespace {

using Kind = model::Type::Kind;
using Layout = model::Type::Layout;
using model::Type;
namespace ondemand = simdjson::ondemand;

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

// With a point where -0 would be read as an integer, which has no sign there.
void append_floating(std::string& out, double value) {
  if (value == 0 && std::signbit(value)) {
    out += "-0.0";
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

__int128 integer_at(const model::Column& column, Layout layout) {
  switch (layout) {
    case Layout::i8:
      return column.at<int8_t>(0);
    case Layout::i16:
      return column.at<int16_t>(0);
    case Layout::i32:
      return column.at<int32_t>(0);
    case Layout::i64:
      return column.at<int64_t>(0);
    case Layout::i128:
      return column.at<__int128>(0);
    case Layout::u8:
      return column.at<uint8_t>(0);
    case Layout::u16:
      return column.at<uint16_t>(0);
    case Layout::u32:
      return column.at<uint32_t>(0);
    case Layout::u64:
      return column.at<uint64_t>(0);
    default:
      return 0;
  }
}

void append_decimal(std::string& out, __int128 digits, uint8_t scale) {
  const unsigned __int128 magnitude =
      digits < 0 ? -static_cast<unsigned __int128>(digits) : static_cast<unsigned __int128>(digits);
  std::string text = fmt::format("{}", magnitude);
  if (text.size() <= scale) text.insert(0, scale + 1 - text.size(), '0');
  if (scale > 0) text.insert(text.size() - scale, ".");
  if (digits < 0) out += '-';
  out += text;
}

// One value of a type that is not nested, to be rendered as JSON.
class Leaf {
 public:
  explicit Leaf(const Type& type) : parser(type), arena_(chunks_) {
    column_.valid.resize(1);
    column_.fixed.resize(type.layout_bytes());
    column_.texts.resize(1);
  }

  // Where the next value goes; the one before is forgotten.
  Cell cell() {
    chunks_.clear();
    return {&column_, 0, &arena_};
  }

  // As text that SQL casts to the type.
  void append_text(std::string& out) const {
    const Type& type = parser.type();
    switch (type.kind) {
      case Kind::boolean:
        out += column_.at<uint8_t>(0) ? "true" : "false";
        break;
      case Kind::real:
        append_floating(out, column_.at<float>(0));
        break;
      case Kind::double_precision:
        append_floating(out, column_.at<double>(0));
        break;
      case Kind::decimal:
        append_decimal(out, integer_at(column_, type.layout()), type.scale);
        break;
      case Kind::date:
        append_date(out, column_.at<int32_t>(0));
        break;
      case Kind::time:
        append_time(out, column_.at<int64_t>(0));
        break;
      case Kind::timestamp:
        append_timestamp(out, column_.at<int64_t>(0));
        break;
      case Kind::timestamptz:
        append_timestamp(out, column_.at<int64_t>(0));
        out += "+00";
        break;
      default:
        if (type.layout() == Layout::text) {
          out += column_.texts[0];
        } else {
          fmt::format_to(std::back_inserter(out), "{}", integer_at(column_, type.layout()));
        }
    }
  }

  // As a JSON value. Engines read JSON numbers through doubles where they are not short integers.
  void append_json(std::string& out) const {
    switch (parser.type().kind) {
      case Kind::json:
        out += column_.texts[0];
        break;
      case Kind::boolean:
      case Kind::real:
      case Kind::double_precision:
      case Kind::tinyint:
      case Kind::smallint:
      case Kind::integer:
      case Kind::bigint:
      case Kind::utinyint:
      case Kind::usmallint:
      case Kind::uinteger:
      case Kind::ubigint:
        append_text(out);
        break;
      default: {
        std::string text;
        append_text(text);
        append_json_string(out, text);
      }
    }
  }

  const ValueParser parser;

 private:
  std::deque<std::string> chunks_;
  TextArena arena_;
  model::Column column_;
};

class NestedWriter {
 public:
  NestedWriter(JsonText& json, std::string& problem) : json_(json), problem_(problem) {}

  bool write_list(const Type& type, ondemand::array& array, int depth, std::string& out) {
    if (!is_shallow(depth)) return false;
    out += '[';
    std::optional<Leaf> leaf;
    size_t index = 0;
    for (auto element : array) {
      ondemand::value value;
      if (const auto error = std::move(element).get(value)) return complain(error);
      if (index > 0) out += ',';
      if (!write_value(type.children[0], value, depth, leaf, out)) return locate(fmt::format("[{}]", index));
      ++index;
    }
    out += ']';
    return true;
  }

  bool write_struct(const Type& type, ondemand::object& object, int depth, std::string& out) {
    if (!is_shallow(depth)) return false;
    // Members come in any order: each is written apart, then all in the order of the type.
    std::vector<std::string> members(type.names.size());
    for (auto member : object) {
      ondemand::field field;
      if (const auto error = std::move(member).get(field)) return complain(error);
      std::string_view name;
      if (!json_.read_name(field.key(), name, problem_)) return false;
      const auto known = std::find(type.names.begin(), type.names.end(), name);
      if (known == type.names.end()) {
        problem_ = fmt::format("the member \"{}\" is not one of {}; declare it, or declare the field as JSON",
                               excerpt(name), type.to_sql());
        return false;
      }
      const auto place = static_cast<size_t>(known - type.names.begin());
      if (!members[place].empty()) {
        problem_ = fmt::format("the name \"{}\" comes twice in one object", excerpt(name));
        return false;
      }
      std::optional<Leaf> leaf;
      if (!write_value(type.children[place], field.value(), depth, leaf, members[place])) {
        return locate("." + excerpt(name));
      }
    }
    out += '{';
    for (size_t i = 0; i < members.size(); ++i) {
      if (i > 0) out += ',';
      append_json_string(out, type.names[i]);
      out += ':';
      out += members[i].empty() ? "null" : members[i];
    }
    out += '}';
    return true;
  }

  bool write_map(const Type& type, ondemand::object& object, int depth, std::string& out) {
    if (!is_shallow(depth)) return false;
    const Type& key_type = type.children[0];
    if (is_nested(key_type) || key_type.kind == Kind::blob || key_type.kind == Kind::json) {
      problem_ =
          fmt::format("the keys of {} cannot be names in JSON; declare the field as JSON", type.to_sql());
      return false;
    }
    Leaf key(key_type);
    std::optional<Leaf> leaf;
    std::vector<std::string> keys;
    out += '{';
    for (auto member : object) {
      ondemand::field field;
      if (const auto error = std::move(member).get(field)) return complain(error);
      std::string_view name;
      if (!json_.read_name(field.key(), name, problem_)) return false;
      if (!key.parser.parse_text(name, false, json_, key.cell(), problem_)) {
        return locate(fmt::format("[\"{}\"]", excerpt(name)));
      }
      key.append_text(keys.emplace_back());
      if (keys.size() > 1) out += ',';
      append_json_string(out, keys.back());
      out += ':';
      if (!write_value(type.children[1], field.value(), depth, leaf, out)) {
        return locate(fmt::format("[\"{}\"]", excerpt(name)));
      }
    }
    std::sort(keys.begin(), keys.end());
    if (const auto twice = std::adjacent_find(keys.begin(), keys.end()); twice != keys.end()) {
      problem_ = fmt::format("the key \"{}\" comes twice in one map", excerpt(*twice));
      return false;
    }
    out += '}';
    return true;
  }

  // The reason, with where in the value in front.
  bool end(bool is_written) {
    if (!is_written && !path_.empty()) problem_ = fmt::format("at {}: {}", path_, problem_);
    return is_written;
  }

 private:
  static bool is_nested(const Type& type) {
    return type.kind == Kind::list || type.kind == Kind::structure || type.kind == Kind::map;
  }

  // `leaf` is kept by the caller, so that the elements of a list share one.
  bool write_value(const Type& type, ondemand::value& value, int depth, std::optional<Leaf>& leaf,
                   std::string& out) {
    const std::string_view token = JsonText::trimmed(value.raw_json_token());
    if (token == "null") {
      out += token;
      return true;
    }
    if (type.kind == Kind::blob) {
      problem_ = "SQL cannot read a BLOB inside a list, struct or map; declare it as VARCHAR";
      return false;
    }
    if (type.kind == Kind::list && token[0] == '[') {
      ondemand::array array;
      if (const auto error = value.get_array().get(array)) return complain(error);
      return write_list(type, array, depth + 1, out);
    }
    if ((type.kind == Kind::structure || type.kind == Kind::map) && token[0] == '{') {
      ondemand::object object;
      if (const auto error = value.get_object().get(object)) return complain(error);
      return type.kind == Kind::map ? write_map(type, object, depth + 1, out)
                                    : write_struct(type, object, depth + 1, out);
    }
    if (type.kind == Kind::json && (token[0] == '{' || token[0] == '[')) {
      if (!json_.validate(value, token, depth + 1, problem_)) return false;
      out += json_.walked(token.data());
      return true;
    }
    if (!leaf) leaf.emplace(type);
    if (!leaf->parser.parse_json(json_, value, token, leaf->cell(), problem_)) return false;
    leaf->append_json(out);
    return true;
  }

  bool is_shallow(int depth) {
    if (depth < depth_max) return true;
    problem_ = fmt::format("is nested more than {} levels deep", depth_max);
    return false;
  }
  bool complain(simdjson::error_code error) {
    problem_ = json_.describe(error);
    return false;
  }
  bool locate(std::string_view step) {
    path_.insert(0, step);
    return false;
  }

  JsonText& json_;
  std::string& problem_;
  std::string path_;
};

}  // namespace

bool write_nested(const Type& type, JsonText& json, ondemand::object& object, int depth, std::string& out,
                  std::string& problem) {
  NestedWriter writer(json, problem);
  return writer.end(type.kind == Kind::map ? writer.write_map(type, object, depth, out)
                                           : writer.write_struct(type, object, depth, out));
}

bool write_nested(const Type& type, JsonText& json, ondemand::array& array, int depth, std::string& out,
                  std::string& problem) {
  NestedWriter writer(json, problem);
  return writer.end(writer.write_list(type, array, depth, out));
}

}  // namespace anabranch::ingest
