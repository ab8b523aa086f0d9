#include "quality/plain_value.h"

#include <cmath>
#include <cstdlib>
#include <string>

namespace anabranch::quality {
namespace {

using Kind = model::Type::Kind;
using model::Type;
using sql::Value;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// ---- numbers ----

// The digits of a decimal number, with the place of its point: digits × 10^exponent.
struct Digits {
  bool is_negative = false;
  std::string digits;  // without zeros in front
  int64_t exponent = 0;
};

std::optional<Digits> digits_of(std::string_view text) {
  Digits out;
  size_t at = 0;
  const auto more = [&] { return at < text.size(); };
  if (more() && text[at] == '-') {
    out.is_negative = true;
    ++at;
  }
  size_t whole = 0;
  for (; more() && is_digit(text[at]); ++at, ++whole) out.digits += text[at];
  if (whole == 0 || (whole > 1 && out.digits[0] == '0')) return std::nullopt;
  if (more() && text[at] == '.') {
    size_t fraction = 0;
    for (++at; more() && is_digit(text[at]); ++at, ++fraction) out.digits += text[at];
    if (fraction == 0) return std::nullopt;
    out.exponent = -static_cast<int64_t>(fraction);
  }
  if (more() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    const bool is_below = more() && text[at] == '-';
    if (more() && (text[at] == '-' || text[at] == '+')) ++at;
    int64_t written = 0;
    size_t count = 0;
    for (; more() && is_digit(text[at]); ++at, ++count) {
      if (written < 1'000'000'000) written = written * 10 + (text[at] - '0');
    }
    if (count == 0) return std::nullopt;
    out.exponent += is_below ? -written : written;
  }
  if (more()) return std::nullopt;
  out.digits.erase(0, out.digits.find_first_not_of('0'));
  return out;
}

// The number as an integer of units of 10^-scale; nothing where that loses something or is past `digits_max`.
std::optional<__int128> scaled(std::string_view text, int scale, size_t digits_max) {
  auto number = digits_of(text);
  if (!number) return std::nullopt;
  if (number->digits.empty()) return 0;
  int64_t exponent = number->exponent + scale;
  for (; exponent < 0; ++exponent) {
    if (number->digits.back() != '0') return std::nullopt;
    number->digits.pop_back();
    if (number->digits.empty()) return std::nullopt;
  }
  if (exponent + static_cast<int64_t>(number->digits.size()) > static_cast<int64_t>(digits_max))
    return std::nullopt;
  number->digits.append(static_cast<size_t>(exponent), '0');
  __int128 value = 0;
  for (const char c : number->digits) value = value * 10 + (c - '0');
  return number->is_negative ? -value : value;
}

std::optional<Value> integer(std::string_view text, __int128 least, __int128 most) {
  const auto value = scaled(text, 0, 38);
  if (!value || *value < least || *value > most) return std::nullopt;
  return Value::of_integer(*value);
}

std::optional<Value> signed_integer(std::string_view text, int bits) {
  const __int128 half = static_cast<__int128>(1) << (bits - 1);
  return integer(text, -half, half - 1);
}
std::optional<Value> unsigned_integer(std::string_view text, int bits) {
  return integer(text, 0, (static_cast<__int128>(1) << bits) - 1);
}

std::optional<Value> real(std::string_view text, bool is_float) {
  if (!digits_of(text)) return std::nullopt;
  const std::string copy(text);
  const double value = is_float ? std::strtof(copy.c_str(), nullptr) : std::strtod(copy.c_str(), nullptr);
  if (!std::isfinite(value)) return std::nullopt;
  return Value::of_real(value);
}

std::optional<Value> number(const Type& type, std::string_view text) {
  switch (type.kind) {
    case Kind::tinyint:
      return signed_integer(text, 8);
    case Kind::smallint:
      return signed_integer(text, 16);
    case Kind::integer:
      return signed_integer(text, 32);
    case Kind::bigint:
      return signed_integer(text, 64);
    case Kind::utinyint:
      return unsigned_integer(text, 8);
    case Kind::usmallint:
      return unsigned_integer(text, 16);
    case Kind::uinteger:
      return unsigned_integer(text, 32);
    case Kind::ubigint:
      return unsigned_integer(text, 64);
    case Kind::hugeint:
    case Kind::decimal: {
      const bool is_decimal = type.kind == Kind::decimal;
      const auto value = scaled(text, is_decimal ? type.scale : 0, is_decimal ? type.width : 38);
      if (!value) return std::nullopt;
      return Value::of_integer(*value);
    }
    case Kind::real:
      return real(text, true);
    case Kind::double_precision:
      return real(text, false);
    default:
      return std::nullopt;
  }
}

// ---- times ----

constexpr int64_t us_per_second = 1'000'000;
constexpr int64_t us_per_day = 86'400 * us_per_second;

// Takes digits off the front.
bool take_digits(std::string_view& text, size_t least, size_t most, int64_t& value) {
  size_t count = 0;
  value = 0;
  for (; count < most && count < text.size() && is_digit(text[count]); ++count)
    value = value * 10 + (text[count] - '0');
  text.remove_prefix(count);
  return count >= least;
}
bool take(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

bool is_leap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }
int64_t days_of_month(int64_t year, int64_t month) {
  if (month == 2) return is_leap(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}
// Leap days in the years before this one, counted from year 0; also for years below it.
int64_t leap_days_before(int64_t year) {
  const auto floored = [](int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); };
  const int64_t last = year - 1;
  return floored(last, 4) - floored(last, 100) + floored(last, 400);
}

bool take_date(std::string_view& text, int64_t& days) {
  const bool is_below = take(text, '-');
  const bool is_signed = is_below || take(text, '+');
  int64_t year = 0, month = 0, day = 0;
  if (!take_digits(text, 4, is_signed ? 6 : 4, year)) return false;
  if (!is_signed && year == 0) return false;
  if (year > 290'000) return false;
  if (is_below) year = -year;
  if (!take(text, '-') || !take_digits(text, 2, 2, month) || !take(text, '-') ||
      !take_digits(text, 2, 2, day))
    return false;
  if (month < 1 || month > 12 || day < 1 || day > days_of_month(year, month)) return false;
  days = (year - 1970) * 365 + leap_days_before(year) - leap_days_before(1970) + day - 1;
  for (int64_t before = 1; before < month; ++before) days += days_of_month(year, before);
  return true;
}

bool take_fraction(std::string_view& text, int64_t& us) {
  us = 0;
  if (!take(text, '.')) return true;
  size_t count = 0;
  for (; !text.empty() && is_digit(text[0]); text.remove_prefix(1), ++count) {
    if (count < 6) {
      us = us * 10 + (text[0] - '0');
    } else if (text[0] != '0') {
      return false;
    }
  }
  if (count == 0) return false;
  for (; count < 6; ++count) us *= 10;
  return true;
}

bool take_time(std::string_view& text, int64_t& us) {
  int64_t hour = 0, minute = 0, second = 0, fraction = 0;
  if (!take_digits(text, 2, 2, hour) || !take(text, ':') || !take_digits(text, 2, 2, minute)) return false;
  if (take(text, ':') && (!take_digits(text, 2, 2, second) || !take_fraction(text, fraction))) return false;
  if (hour > 23 || minute > 59 || second > 59) return false;
  us = ((hour * 60 + minute) * 60 + second) * us_per_second + fraction;
  return true;
}

bool take_zone(std::string_view& text, int64_t& minutes) {
  minutes = 0;
  if (text.empty() || take(text, 'Z') || take(text, 'z')) return true;
  const bool is_west = take(text, '-');
  if (!is_west && !take(text, '+')) return false;
  int64_t hour = 0, minute = 0;
  if (!take_digits(text, 2, 2, hour)) return false;
  if (!text.empty()) {
    take(text, ':');
    if (!take_digits(text, 2, 2, minute)) return false;
  }
  if (hour > 15 || minute > 59) return false;
  minutes = (hour * 60 + minute) * (is_west ? -1 : 1);
  return true;
}

std::optional<int64_t> timestamp(std::string_view text) {
  int64_t days = 0, us = 0, zone = 0;
  if (!take_date(text, days)) return std::nullopt;
  if (!text.empty()) {
    if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
    if (!take_time(text, us) || !take_zone(text, zone) || !text.empty()) return std::nullopt;
  }
  return days * us_per_day + us - zone * 60 * us_per_second;
}

std::optional<Value> date(std::string_view text) {
  std::string_view rest = text;
  int64_t days = 0;
  if (!take_date(rest, days)) return std::nullopt;
  if (rest.empty()) return Value::of_integer(days);
  const auto us = timestamp(text);
  if (!us || *us % us_per_day != 0) return std::nullopt;
  return Value::of_integer(*us / us_per_day);
}

std::optional<Value> time_of_day(std::string_view text) {
  int64_t us = 0;
  if (!take_time(text, us)) return std::nullopt;
  if (!text.empty() && text != "Z" && text != "z") return std::nullopt;
  return Value::of_integer(us);
}

// ISO 8601: P1Y2M3W4DT5H6M7.8S, each part with a sign of its own if it likes.
std::optional<Value> interval(std::string_view text) {
  const bool is_below = take(text, '-');
  if (!is_below) take(text, '+');
  if (!take(text, 'P') || text.empty()) return std::nullopt;
  __int128 months = 0, days = 0, us = 0;
  std::string units = "YMWD";
  bool has_time = false;
  size_t parts = 0;
  while (!text.empty()) {
    if (!has_time && text.size() > 1 && take(text, 'T')) {
      has_time = true;
      units = "HMS";
    }
    const int sign = take(text, '-') != is_below ? -1 : 1;
    int64_t value = 0, fraction = 0;
    if (!take_digits(text, 1, 19, value)) return std::nullopt;
    const bool has_fraction = !text.empty() && text[0] == '.';
    if (!take_fraction(text, fraction) || text.empty()) return std::nullopt;
    const size_t unit = units.find(text[0]);
    if (unit == std::string::npos || (has_fraction && text[0] != 'S')) return std::nullopt;
    const __int128 signed_value = static_cast<__int128>(value) * sign;
    switch (text[0]) {
      case 'Y':
        months += signed_value * 12;
        break;
      case 'M':
        (has_time ? us : months) += has_time ? signed_value * 60 * us_per_second : signed_value;
        break;
      case 'W':
        days += signed_value * 7;
        break;
      case 'D':
        days += signed_value;
        break;
      case 'H':
        us += signed_value * 3600 * us_per_second;
        break;
      default:
        us += signed_value * us_per_second + fraction * sign;
    }
    units.erase(0, unit + 1);
    text.remove_prefix(1);
    ++parts;
  }
  if (parts == 0) return std::nullopt;
  return Value::of_list({Value::of_integer(months), Value::of_integer(days), Value::of_integer(us)});
}

// ---- texts ----

std::optional<Value> blob(std::string_view text) {
  static const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bits;  // as characters 0 and 1: plain
  size_t padding = 0;
  for (const char c : text) {
    if (c == '=') {
      ++padding;
      continue;
    }
    const size_t digit = alphabet.find(c);
    if (digit == std::string::npos || padding > 0) return std::nullopt;
    for (int bit = 5; bit >= 0; --bit) bits += (digit >> bit & 1) ? '1' : '0';
  }
  std::string bytes;
  for (size_t at = 0; at + 8 <= bits.size(); at += 8) {
    int byte = 0;
    for (size_t bit = 0; bit < 8; ++bit) byte = byte * 2 + (bits[at + bit] == '1');
    bytes += static_cast<char>(byte);
  }
  return Value::of_text(bytes);
}

std::optional<Value> uuid(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c == '-' || c == '{' || c == '}') continue;
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    if (!is_digit(lower) && !(lower >= 'a' && lower <= 'f')) return std::nullopt;
    digits += lower;
  }
  if (digits.size() != 32) return std::nullopt;
  for (const size_t at : {20, 16, 12, 8}) digits.insert(at, "-");
  return Value::of_text(digits);
}

std::optional<Value> text_value(const Type& type, const std::string& text) {
  switch (type.kind) {
    case Kind::varchar:
      return Value::of_text(text);
    case Kind::blob:
      return blob(text);
    case Kind::date:
      return date(text);
    case Kind::time:
      return time_of_day(text);
    case Kind::timestamp:
    case Kind::timestamptz: {
      const auto us = timestamp(text);
      if (!us) return std::nullopt;
      return Value::of_integer(*us);
    }
    case Kind::interval:
      return interval(text);
    case Kind::uuid:
      return uuid(text);
    default:
      return std::nullopt;
  }
}

// A value of a list, struct or map. A JSON value in there loses the space between its tokens.
std::optional<Value> element(const Type& type, const PlainJson& json) {
  if (type.kind == Kind::json && json.kind != PlainJson::Kind::null) return Value::of_text(json.compact());
  return plain_value(type, json);
}

std::optional<Value> list(const Type& type, const PlainJson& json) {
  std::vector<Value> elements;
  for (const PlainJson& each : json.elements) {
    auto value = element(type.children[0], each);
    if (!value) return std::nullopt;
    elements.push_back(std::move(*value));
  }
  return Value::of_list(std::move(elements));
}

std::optional<Value> structure(const Type& type, const PlainJson& json) {
  std::vector<Value> members;
  for (size_t i = 0; i < type.names.size(); ++i) {
    const PlainJson* member = json.member(type.names[i]);
    auto value = member ? element(type.children[i], *member) : Value{};
    if (!value) return std::nullopt;
    members.push_back(std::move(*value));
  }
  return Value::of_list(std::move(members));
}

std::optional<Value> map(const Type& type, const PlainJson& json) {
  std::vector<Value> entries;
  for (const auto& [name, member] : json.members) {
    auto key = plain_text_value(type.children[0], name);
    auto value = element(type.children[1], member);
    if (!key || !value) return std::nullopt;
    entries.push_back(std::move(*key));
    entries.push_back(std::move(*value));
  }
  return Value::of_list(std::move(entries));
}

}  // namespace

std::optional<Value> plain_value(const Type& type, const PlainJson& json) {
  if (json.kind == PlainJson::Kind::null) return Value{};
  switch (type.kind) {
    case Kind::json:
      return Value::of_text(json.source);
    case Kind::boolean:
      if (json.kind != PlainJson::Kind::boolean) return std::nullopt;
      return Value::of_integer(json.source == "true");
    case Kind::list:
      return json.kind == PlainJson::Kind::list ? list(type, json) : std::nullopt;
    case Kind::structure:
      return json.kind == PlainJson::Kind::object ? structure(type, json) : std::nullopt;
    case Kind::map:
      return json.kind == PlainJson::Kind::object ? map(type, json) : std::nullopt;
    default:
      if (json.kind == PlainJson::Kind::number) return number(type, json.source);
      return json.kind == PlainJson::Kind::string ? text_value(type, json.text) : std::nullopt;
  }
}

std::optional<Value> plain_text_value(const Type& type, std::string_view text) {
  switch (type.kind) {
    case Kind::boolean:
      if (text != "true" && text != "false") return std::nullopt;
      return Value::of_integer(text == "true");
    case Kind::json:
    case Kind::list:
    case Kind::structure:
    case Kind::map: {
      const auto json = read_plain_json(text);
      if (!json) return std::nullopt;
      if (type.kind == Kind::json) return Value::of_text(json->source);
      if (json->kind == PlainJson::Kind::null) return std::nullopt;
      return plain_value(type, *json);
    }
    case Kind::varchar:
    case Kind::blob:
    case Kind::date:
    case Kind::time:
    case Kind::timestamp:
    case Kind::timestamptz:
    case Kind::interval:
    case Kind::uuid:
      return text_value(type, std::string(text));
    default:
      return number(type, text);
  }
}

}  // namespace anabranch::quality
