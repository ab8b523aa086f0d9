#include "ingest/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace anabranch::ingest {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Past any type's range however many digits an event may have, and far from overflowing itself.
constexpr int64_t exponent_max = 1'000'000'000;

constexpr double exact_powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                          1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                          1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

bool multiply(unsigned __int128& value, uint64_t by) { return !__builtin_mul_overflow(value, by, &value); }

// Where the first digit that is not 0 stands: the value is below 10^magnitude.
int64_t magnitude(const Number& number) {
  int64_t before_point = 0;
  int64_t zeros_after_point = 0;
  bool is_after_point = false;
  for (const char c : number.text) {
    if (c == '.') {
      is_after_point = true;
    } else if (is_digit(c)) {
      if (is_after_point && before_point == 0) {
        if (c != '0') break;
        ++zeros_after_point;
      } else if (!is_after_point && (before_point > 0 || c != '0')) {
        ++before_point;
      }
    } else if (c != '-') {
      break;
    }
  }
  const size_t mark = number.text.find_first_of("eE");
  int64_t written = 0;
  if (mark != std::string_view::npos) {
    std::string_view digits = number.text.substr(mark + 1);
    const bool is_negative = digits[0] == '-';
    if (digits[0] == '-' || digits[0] == '+') digits.remove_prefix(1);
    for (const char c : digits) written = std::min(exponent_max, written * 10 + (c - '0'));
    if (is_negative) written = -written;
  }
  return (before_point > 0 ? before_point : -zeros_after_point) + written;
}

template <typename T>
bool to_nearest(const Number& number, T& value) {
  const char* end = number.text.data() + number.text.size();
  const auto result = std::from_chars(number.text.data(), end, value);
  if (result.ec == std::errc() && result.ptr == end) return std::isfinite(value);
  // Too large, or so small that the nearest value is 0 or nearly so.
  if (magnitude(number) > 0) return false;
  const std::string text(number.text);
  value = static_cast<T>(std::strtod(text.c_str(), nullptr));
  return true;
}

}  // namespace

std::optional<Number> read_number(std::string_view text) {
  Number number;
  number.text = text;
  const char* at = text.data();
  const char* const end = at + text.size();
  if (at < end && *at == '-') {
    number.is_negative = true;
    ++at;
  }
  const char* const first = at;
  uint64_t coefficient = 0;
  for (; at < end && is_digit(*at); ++at) coefficient = coefficient * 10 + static_cast<uint64_t>(*at - '0');
  int64_t digits = at - first;
  if (digits == 0 || (digits > 1 && *first == '0')) return std::nullopt;
  if (at < end && *at == '.') {
    const char* const fraction = ++at;
    for (; at < end && is_digit(*at); ++at) coefficient = coefficient * 10 + static_cast<uint64_t>(*at - '0');
    if (at == fraction) return std::nullopt;
    digits += at - fraction;
    number.exponent = -(at - fraction);
    number.has_point_or_exponent = true;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    ++at;
    const bool is_negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) ++at;
    const char* const exponent = at;
    int64_t written = 0;
    for (; at < end && is_digit(*at); ++at) written = std::min(exponent_max, written * 10 + (*at - '0'));
    if (at == exponent) return std::nullopt;
    number.exponent += is_negative ? -written : written;
    number.has_point_or_exponent = true;
  }
  if (at != end) return std::nullopt;
  static_assert(std::numeric_limits<uint64_t>::digits10 >= 19);
  number.is_short = digits <= 19;
  number.coefficient = coefficient;
  return number;
}

Fit to_scaled(const Number& number, int scale, __int128& scaled) {
  int64_t shift = number.exponent + scale;
  unsigned __int128 value = 0;
  if (number.is_short) {
    value = number.coefficient;
    if (value == 0) shift = 0;
    uint64_t rest = number.coefficient;
    for (; shift < 0 && rest % 10 == 0; ++shift) rest /= 10;
    if (shift < 0) return Fit::fraction_lost;
    value = rest;
  } else {
    // Trailing zeros are put off, so that 1.000…0 of any length is 1.
    int64_t zeros = 0;
    bool is_too_large = false;
    for (const char c : number.text) {
      if (c == 'e' || c == 'E') break;
      if (!is_digit(c)) continue;
      if (c == '0') {
        ++zeros;
        continue;
      }
      for (; zeros > 0 && value != 0 && !is_too_large; --zeros) is_too_large |= !multiply(value, 10);
      zeros = 0;
      is_too_large |=
          !multiply(value, 10) || __builtin_add_overflow(value, static_cast<uint64_t>(c - '0'), &value);
    }
    shift = value == 0 && !is_too_large ? 0 : shift + zeros;
    if (shift < 0) return Fit::fraction_lost;
    if (is_too_large) return Fit::out_of_range;
  }
  for (; shift > 0 && value != 0; --shift) {
    if (!multiply(value, 10)) return Fit::out_of_range;
  }
  constexpr unsigned __int128 most = ~static_cast<unsigned __int128>(0) >> 1;
  if (value > most + (number.is_negative ? 1 : 0)) return Fit::out_of_range;
  scaled = static_cast<__int128>(number.is_negative ? -value : value);
  return Fit::exact;
}

bool to_double(const Number& number, double& value) {
  // Clinger's fast path: both operands are exact, so one operation rounds once.
  if (number.is_short && number.coefficient <= (uint64_t{1} << 53) && number.exponent >= -22 &&
      number.exponent <= 22) {
    value = static_cast<double>(number.coefficient);
    if (number.exponent < 0) {
      value /= exact_powers_of_ten[-number.exponent];
    } else {
      value *= exact_powers_of_ten[number.exponent];
    }
    if (number.is_negative) value = -value;
    return true;
  }
  return to_nearest(number, value);
}

bool to_float(const Number& number, float& value) { return to_nearest(number, value); }

}  // namespace anabranch::ingest
