#include "ingest/value_parser.h"

#include <limits>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/mistake.h"
#include "ingest/base64.h"
#include "ingest/excerpt.h"
#include "ingest/iso_time.h"
#include "ingest/nested_value.h"
#include "ingest/number.h"

namespace anabranch::ingest {
namespace {

using Kind = model::Type::Kind;
using Layout = model::Type::Layout;
namespace ondemand = simdjson::ondemand;

template <typename T>
constexpr __int128 least_of() {
  return std::numeric_limits<T>::min();
}
template <typename T>
constexpr __int128 most_of() {
  return std::numeric_limits<T>::max();
}

__int128 power_of_ten(int exponent) {
  __int128 power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

// Lower case with hyphens; false when the text is none. Takes 32 hexadecimal digits with or without hyphens
// and braces.
bool canonical_uuid(std::string_view text, char (&out)[36]) {
  if (text.size() >= 2 && text.front() == '{' && text.back() == '}') text = text.substr(1, text.size() - 2);
  const bool has_hyphens = text.size() == 36;
  if (!has_hyphens && text.size() != 32) return false;
  size_t from = 0;
  for (size_t to = 0; to < 36; ++to) {
    if (to == 8 || to == 13 || to == 18 || to == 23) {
      if (has_hyphens && text[from++] != '-') return false;
      out[to] = '-';
      continue;
    }
    const char c = text[from++];
    const bool is_upper = c >= 'A' && c <= 'F';
    if (!is_upper && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) return false;
    out[to] = is_upper ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  return true;
}

}  // namespace

ValueParser::ValueParser(const model::Type& type) : type_(type), takes_(Takes::number) {
  const auto range = [this](__int128 least, __int128 most) {
    least_ = least;
    most_ = most;
    least64_ = static_cast<int64_t>(std::max(least, least_of<int64_t>()));
    most64_ = static_cast<int64_t>(std::min(most, most_of<int64_t>()));
  };
  switch (type.kind) {
    case Kind::tinyint:
      range(least_of<int8_t>(), most_of<int8_t>());
      break;
    case Kind::smallint:
      range(least_of<int16_t>(), most_of<int16_t>());
      break;
    case Kind::integer:
      range(least_of<int32_t>(), most_of<int32_t>());
      break;
    case Kind::bigint:
      range(least_of<int64_t>(), most_of<int64_t>());
      break;
    case Kind::hugeint:
      range(1 - power_of_ten(38),
            power_of_ten(38) - 1);  // what DECIMAL(38,0), its type in the lake, can hold
      break;
    case Kind::utinyint:
      range(0, most_of<uint8_t>());
      break;
    case Kind::usmallint:
      range(0, most_of<uint16_t>());
      break;
    case Kind::uinteger:
      range(0, most_of<uint32_t>());
      break;
    case Kind::ubigint:
      range(0, most_of<uint64_t>());
      break;
    case Kind::decimal:
      range(1 - power_of_ten(type.width), power_of_ten(type.width) - 1);
      break;
    case Kind::real:
    case Kind::double_precision:
      break;
    case Kind::boolean:
      takes_ = Takes::boolean;
      break;
    case Kind::varchar:
    case Kind::blob:
    case Kind::date:
    case Kind::time:
    case Kind::timestamp:
    case Kind::timestamptz:
    case Kind::interval:
    case Kind::uuid:
      takes_ = Takes::string;
      break;
    case Kind::json:
      takes_ = Takes::json;
      break;
    case Kind::list:
      takes_ = Takes::list;
      break;
    case Kind::structure:
    case Kind::map:
      takes_ = Takes::object;
      break;
  }
}

bool ValueParser::parse_scalar(JsonText& json, std::string_view token, const Cell& cell,
                               std::string& problem) const {
  const char first = token[0];
  switch (takes_) {
    case Takes::number:
      if (first == '-' || (first >= '0' && first <= '9')) return parse_number(token, cell, problem);
      break;
    case Takes::string:
      if (first == '"' && token.size() >= 2 && token.back() == '"') {
        std::string_view text;
        bool lasts = false;
        return json.read_string(token, text, lasts, problem) && parse_string(text, lasts, cell, problem);
      }
      break;
    case Takes::boolean:
      if (token == "true" || token == "false") return parse_boolean(token, cell, problem);
      break;
    case Takes::json:
      if (!json.validate_scalar(token, problem)) return false;
      cell.put_text(json.home(token), true);
      return true;
    case Takes::list:
    case Takes::object:
      break;
  }
  if (!json.validate_scalar(token, problem)) return false;
  return refuse(token, token, problem);
}

bool ValueParser::refuse(std::string_view shown, std::string_view token, std::string& problem) const {
  constexpr std::string_view wanted[] = {"a JSON number", "a JSON string", "true or false",
                                         "any JSON",      "a JSON list",   "a JSON object"};
  problem = fmt::format("{} is {}; {} takes {}", excerpt(shown), kind_of(token), type_.to_sql(),
                        wanted[static_cast<size_t>(takes_)]);
  return false;
}

bool ValueParser::parse_nested(JsonText& json, ondemand::value& value, std::string_view token,
                               const Cell& cell, std::string& problem) const {
  const char first = token[0];
  if (takes_ == Takes::json) {
    // The value stands one level below the event.
    if (!json.validate(value, token, 1, problem)) return false;
    cell.put_text(json.walked(token.data()), true);
    return true;
  }
  if ((takes_ == Takes::list && first == '[') || (takes_ == Takes::object && first == '{')) {
    std::string text;
    if (first == '{') {
      ondemand::object object;
      if (const auto error = value.get_object().get(object)) {
        problem = json.describe(error);
        return false;
      }
      if (!write_nested(type_, json, object, 1, text, problem)) return false;
    } else {
      ondemand::array array;
      if (const auto error = value.get_array().get(array)) {
        problem = json.describe(error);
        return false;
      }
      if (!write_nested(type_, json, array, 1, text, problem)) return false;
    }
    cell.put_text(text, false);
    return true;
  }
  if (!json.validate(value, token, 1, problem)) return false;
  return refuse(json.walked(token.data()), token, problem);
}

bool ValueParser::parse_text(std::string_view text, bool lasts, JsonText& json, const Cell& cell,
                             std::string& problem) const {
  switch (takes_) {
    case Takes::number:
      return parse_number(text, cell, problem);
    case Takes::string:
      return parse_string(text, lasts, cell, problem);
    case Takes::boolean:
      return parse_boolean(text, cell, problem);
    case Takes::json:
    case Takes::list:
    case Takes::object:
      return parse_json_text(text, json, cell, problem);
  }
  return false;
}

bool ValueParser::parse_json_text(std::string_view text, JsonText& json, const Cell& cell,
                                  std::string& problem) const {
  if (!json.open(text, 0, problem)) {
    problem = fmt::format("'{}' {}", excerpt(text), problem);
    return false;
  }
  const std::string_view whole = json.whole();
  std::string nested;
  bool is_json = false;
  if (whole[0] == '{') {
    ondemand::object object;
    if (const auto error = json.document().get_object().get(object)) {
      problem = json.describe(error);
    } else if (takes_ == Takes::object) {
      is_json = write_nested(type_, json, object, 1, nested, problem);
    } else {
      is_json = json.validate(object, 1, problem);
    }
  } else if (whole[0] == '[') {
    ondemand::array array;
    if (const auto error = json.document().get_array().get(array)) {
      problem = json.describe(error);
    } else if (takes_ == Takes::list) {
      is_json = write_nested(type_, json, array, 1, nested, problem);
    } else {
      is_json = json.validate(array, 1, problem);
    }
  } else {
    is_json = json.validate_scalar(whole, problem);
  }
  if (!is_json) return false;
  if ((whole[0] == '{' || whole[0] == '[') && !json.is_at_end()) {
    problem = fmt::format("'{}' is not JSON: it goes on after its end", excerpt(text));
    return false;
  }
  if (takes_ != Takes::json && nested.empty()) return refuse(whole, whole, problem);
  cell.put_text(takes_ == Takes::json ? whole : std::string_view(nested), false);
  return true;
}

void ValueParser::put_integer(__int128 value, const Cell& cell) const {
  switch (type_.layout()) {
    case Layout::i8:
      return cell.put(static_cast<int8_t>(value));
    case Layout::i16:
      return cell.put(static_cast<int16_t>(value));
    case Layout::i32:
      return cell.put(static_cast<int32_t>(value));
    case Layout::i64:
      return cell.put(static_cast<int64_t>(value));
    case Layout::i128:
      return cell.put(value);
    case Layout::u8:
      return cell.put(static_cast<uint8_t>(value));
    case Layout::u16:
      return cell.put(static_cast<uint16_t>(value));
    case Layout::u32:
      return cell.put(static_cast<uint32_t>(value));
    case Layout::u64:
      return cell.put(static_cast<uint64_t>(value));
    default:
      ANABRANCH_ASSERT(false);
  }
}

bool ValueParser::parse_number(std::string_view token, const Cell& cell, std::string& problem) const {
  const bool is_real = type_.kind == Kind::real;
  const bool is_double = type_.kind == Kind::double_precision;
  // Most numbers are short integers.
  if (!is_real && !is_double && type_.kind != Kind::decimal && !token.empty() && token.size() <= 18) {
    const bool is_negative = token[0] == '-';
    int64_t value = 0;
    size_t at = is_negative;
    const size_t digits_from = at;
    for (; at < token.size(); ++at) {
      const unsigned digit = static_cast<unsigned char>(token[at]) - '0';
      if (digit > 9) break;
      value = value * 10 + digit;
    }
    const size_t digits = at - digits_from;
    if (at == token.size() && digits > 0 && (digits == 1 || token[digits_from] != '0')) {
      if (is_negative) value = -value;
      if (value >= least64_ && value <= most64_) {
        put_integer(value, cell);
        return true;
      }
    }
  }
  const std::optional<Number> number = read_number(token);
  if (!number) {
    problem = fmt::format("'{}' is not a number; {} takes numbers as JSON writes them, such as -12 or 1.5e3",
                          excerpt(token), type_.to_sql());
    return false;
  }
  if (is_double) {
    double value = 0;
    if (to_double(*number, value)) {
      cell.put(value);
      return true;
    }
    problem = fmt::format("{} is out of range for DOUBLE (up to 1.8e308)", excerpt(token));
    return false;
  }
  if (is_real) {
    float value = 0;
    if (to_float(*number, value)) {
      cell.put(value);
      return true;
    }
    problem = fmt::format("{} is out of range for FLOAT (up to 3.4e38)", excerpt(token));
    return false;
  }
  const bool is_decimal = type_.kind == Kind::decimal;
  __int128 value = 0;
  if (is_decimal && is_planted("decimals go through doubles")) {
    double rounded = 0;
    if (to_double(*number, rounded)) {
      put_integer(static_cast<__int128>(rounded * static_cast<double>(power_of_ten(type_.scale))), cell);
      return true;
    }
  }
  switch (to_scaled(*number, is_decimal ? type_.scale : 0, value)) {
    case Fit::exact:
      if (value >= least_ && value <= most_) {
        put_integer(value, cell);
        return true;
      }
      break;
    case Fit::fraction_lost:
      problem = fmt::format("{} does not fit {} without loss", excerpt(token), type_.to_sql());
      if (is_decimal) problem += fmt::format(" (at most {} digits after the point)", type_.scale);
      return false;
    case Fit::out_of_range:
      break;
  }
  if (is_decimal) {
    problem = fmt::format("{} is out of range for {} (at most {} digits before the point)", excerpt(token),
                          type_.to_sql(), type_.width - type_.scale);
  } else {
    problem =
        fmt::format("{} is out of range for {} ({} to {})", excerpt(token), type_.to_sql(), least_, most_);
  }
  return false;
}

bool ValueParser::parse_boolean(std::string_view token, const Cell& cell, std::string& problem) const {
  if (token == "true" || token == "false") {
    cell.put(static_cast<uint8_t>(token == "true"));
    return true;
  }
  problem = fmt::format("'{}' is not a boolean; BOOLEAN takes true or false", excerpt(token));
  return false;
}

bool ValueParser::parse_string(std::string_view text, bool lasts, const Cell& cell,
                               std::string& problem) const {
  std::string_view wrong;
  switch (type_.kind) {
    case Kind::varchar:
      if (text.empty() && is_planted("an empty text is NULL")) return true;
      cell.put_text(text, lasts);
      return true;
    case Kind::date: {
      int32_t days = 0;
      wrong = parse_date(text, days);
      if (wrong.empty()) {
        cell.put(days);
        return true;
      }
      break;
    }
    case Kind::time:
    case Kind::timestamp:
    case Kind::timestamptz: {
      int64_t microseconds = 0;
      wrong = type_.kind == Kind::time ? parse_time(text, microseconds) : parse_timestamp(text, microseconds);
      if (wrong.empty()) {
        cell.put(microseconds);
        return true;
      }
      break;
    }
    case Kind::interval: {
      std::string sql;
      wrong = parse_duration(text, sql);
      if (wrong.empty()) {
        cell.put_text(sql, false);
        return true;
      }
      break;
    }
    case Kind::uuid: {
      char canonical[36];
      if (canonical_uuid(text, canonical)) {
        const bool is_same = text == std::string_view(canonical, sizeof canonical);
        cell.put_text(is_same ? text : std::string_view(canonical, sizeof canonical), is_same && lasts);
        return true;
      }
      wrong = "expected 32 hexadecimal digits such as a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
      break;
    }
    case Kind::blob: {
      std::string bytes;
      if (decode_base64(text, bytes)) {
        cell.put_text(bytes, false);
        return true;
      }
      wrong = "expected base64 with padding";
      break;
    }
    default:
      ANABRANCH_ASSERT(false);
  }
  problem = fmt::format("\"{}\" does not fit {}: {}", excerpt(text), type_.to_sql(), wrong);
  return false;
}

}  // namespace anabranch::ingest
