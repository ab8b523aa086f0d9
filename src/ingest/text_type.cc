#include "ingest/text_type.h"

#include <algorithm>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "ingest/iso_time.h"

namespace anabranch::ingest {
namespace {

using Kind = model::Type::Kind;

constexpr int64_t digits_max = 38;  // of DECIMAL and HUGEINT

// The digits of a number without zeros in front and behind: two numbers of the same size are equal when these
// are.
std::string significant_digits(std::string_view text) {
  std::string digits;
  for (const char c : text.substr(0, text.find_first_of("eE"))) {
    if (c >= '0' && c <= '9' && (c != '0' || !digits.empty())) digits += c;
  }
  while (digits.ends_with('0')) digits.pop_back();
  return digits;
}

bool is_double(const Number& number) {
  double value = 0;
  if (!to_double(number, value)) return false;
  const std::string digits = significant_digits(number.text);
  if (digits.empty()) return true;
  if (value == 0) return false;
  // Any 15 digits come through a double, except where doubles thin out near zero.
  constexpr size_t digits_safe = std::numeric_limits<double>::digits10;
  if (digits.size() <= digits_safe && std::abs(value) >= std::numeric_limits<double>::min()) return true;
  return significant_digits(fmt::format("{}", value)) == digits;
}

}  // namespace

bool looks_like_number(const Number& number) {
  const size_t mark = number.text.find_first_of("eE");
  if (mark == std::string_view::npos) return true;
  return number.text.find('.') != std::string_view::npos || number.text[mark + 1] == '-' ||
         number.text[mark + 1] == '+';
}

void NumberType::add(const Number& number) {
  has_exponent_ = has_exponent_ || number.text.find_first_of("eE") != std::string_view::npos;
  if (number.is_short && !number.has_point_or_exponent && number.text.size() <= 18) {
    whole_digits_ = std::max(whole_digits_, static_cast<int64_t>(number.text.size()) - number.is_negative);
    return;
  }
  __int128 integer = 0;
  is_bigint_ = is_bigint_ && !number.has_point_or_exponent && to_scaled(number, 0, integer) == Fit::exact &&
               integer >= std::numeric_limits<int64_t>::min() &&
               integer <= std::numeric_limits<int64_t>::max();
  const std::string_view digits = number.text.substr(number.is_negative ? 1 : 0);
  const size_t point = std::min(digits.find('.'), digits.size());
  whole_digits_ = std::max(whole_digits_, static_cast<int64_t>(point));
  if (point < digits.size())
    fraction_digits_ = std::max(fraction_digits_, static_cast<int64_t>(digits.size() - point - 1));
  are_doubles_ = are_doubles_ && is_double(number);
}

std::optional<model::Type> NumberType::type() const {
  model::Type type;
  type.kind = Kind::double_precision;
  if (has_exponent_) {
    // Integers that were passed over above have at most 18 digits; a double keeps 15.
    if (are_doubles_ && whole_digits_ <= 15) return type;
    return std::nullopt;
  }
  const int64_t digits = whole_digits_ + fraction_digits_;
  if (fraction_digits_ == 0) {
    if (!is_bigint_ && digits > digits_max) return std::nullopt;
    type.kind = is_bigint_ ? Kind::bigint : Kind::hugeint;
    return type;
  }
  constexpr int64_t small_digits = 18;
  if (digits > small_digits && are_doubles_ && whole_digits_ <= 15) return type;
  if (digits > digits_max) return std::nullopt;
  type.kind = Kind::decimal;
  // Not as narrow as can be: the next copy has larger numbers, and should have the same type.
  type.width = static_cast<uint8_t>(digits <= small_digits ? small_digits : digits_max);
  type.scale = static_cast<uint8_t>(fraction_digits_);
  return type;
}

void TextType::add(std::string_view text) {
  has_text_ = true;
  may_be_boolean_ = may_be_boolean_ && (text == "true" || text == "false");
  if (may_be_number_) {
    const auto number = read_number(text);
    may_be_number_ = number && looks_like_number(*number);
    if (may_be_number_) {
      numbers_.add(*number);
      may_be_date_ = may_be_time_ = may_be_timestamp_ = may_be_timestamptz_ = false;
      return;
    }
  }
  constexpr size_t date_size = 10;
  constexpr size_t time_size = 8;
  if (may_be_date_) {
    int32_t days = 0;
    may_be_date_ = text.size() == date_size && parse_date(text, days).empty();
  }
  if (may_be_time_) {
    int64_t microseconds = 0;
    may_be_time_ = text.size() >= time_size && text.back() != 'Z' && text.back() != 'z' &&
                   parse_time(text, microseconds).empty();
  }
  if (may_be_timestamp_ || may_be_timestamptz_) {
    int64_t microseconds = 0;
    const bool is_timestamp = text.size() > date_size && text.front() >= '0' && text.front() <= '9' &&
                              parse_timestamp(text, microseconds).empty();
    const bool has_zone =
        is_timestamp && text.substr(date_size + 1).find_first_of("Zz+-") != std::string_view::npos;
    may_be_timestamp_ = may_be_timestamp_ && is_timestamp && !has_zone;
    may_be_timestamptz_ = may_be_timestamptz_ && has_zone;
  }
}

model::Type TextType::type() const {
  model::Type type;
  if (!has_text_) return type;
  if (may_be_number_) {
    if (const auto numbers = numbers_.type()) return *numbers;
  }
  type.kind = may_be_boolean_       ? Kind::boolean
              : may_be_date_        ? Kind::date
              : may_be_time_        ? Kind::time
              : may_be_timestamp_   ? Kind::timestamp
              : may_be_timestamptz_ ? Kind::timestamptz
                                    : Kind::varchar;
  return type;
}

}  // namespace anabranch::ingest
