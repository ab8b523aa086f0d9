#pragma once
// How the engine interpolates between two neighbouring values of a type, as SQL: continuous quantiles and the
// median absolute deviation.

#include <optional>
#include <string>
#include <string_view>

namespace anabranch::views {

struct Interpolation {
  enum class Kind { real, single, decimal, wide_decimal, instant, time };
  Kind kind = Kind::real;
  std::string result;  // type of the quantile
  int scale = 0;       // of a decimal
  int64_t unit_ns = 1000;
};

/// Whether the engine's median of the type lies between values. It is one of the values for other types.
bool is_continuous(std::string_view type);
/// The type of the median of values of a type.
std::string middle_type(std::string_view type);
/// For values of a type and a quantile of the type `result`; nothing where this is not spelled out.
std::optional<Interpolation> interpolation_of(std::string_view type, std::string_view result);

/// `share` of the way from `low` to `high`, as a value of the result type; a double between 0 and 1.
std::string interpolate(const Interpolation& of, const std::string& low, const std::string& high,
                        const std::string& share);
/// How far a value lies from the middle; of points in time in microseconds.
std::string distance(const Interpolation& of, const std::string& value, const std::string& middle);
std::string interpolate_distance(const Interpolation& of, const std::string& low, const std::string& high,
                                 const std::string& share);

}  // namespace anabranch::views
