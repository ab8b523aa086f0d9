#pragma once
// A JSON number by the digits that its source wrote: no value passes through a double unless a double is
// wanted.

#include <cstdint>
#include <optional>
#include <string_view>

namespace anabranch::ingest {

struct Number {
  std::string_view text;
  bool is_negative = false;
  bool has_point_or_exponent = false;
  bool is_short = false;     // all digits are in `coefficient`
  uint64_t coefficient = 0;  // the digits without the point
  int64_t exponent = 0;      // the value is coefficient × 10^exponent
};

/// The whole text must be one number as RFC 8259 writes it.
std::optional<Number> read_number(std::string_view text);

enum class Fit { exact, fraction_lost, out_of_range };

/// number × 10^scale, when that is an integer of 128 bits.
Fit to_scaled(const Number& number, int scale, __int128& scaled);

/// The nearest double or float; false when that would be infinite.
bool to_double(const Number& number, double& value);
bool to_float(const Number& number, float& value);

}  // namespace anabranch::ingest
