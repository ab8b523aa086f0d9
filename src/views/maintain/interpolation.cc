#include "views/maintain/interpolation.h"

#include <fmt/format.h>

#include "views/maintain/aggregate_clauses.h"

namespace anabranch::views {

namespace {

constexpr int digits_of_bigint = 18;

bool is_instant(std::string_view type) {
  return is_one_of(
      type, {"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S"});
}

// In units of the type; infinities as the engine holds them.
std::string units(const Interpolation& of, const std::string& value) {
  if (of.kind == Interpolation::Kind::time) return fmt::format("epoch_us({})", value);
  const std::string instant = fmt::format("CAST({} AS {})", value, of.result);
  const std::string finite = of.unit_ns == 1 ? fmt::format("epoch_ns({})", instant)
                                             : fmt::format("epoch_us({}) // {}", instant, of.unit_ns / 1000);
  return fmt::format(
      "coalesce({0}, CASE WHEN {1} > '1970-01-01'::TIMESTAMP THEN 9223372036854775807 WHEN {1} < "
      "'1970-01-01'::TIMESTAMP THEN -9223372036854775807 END)",
      finite, instant);
}

std::string from_units(const Interpolation& of, const std::string& value) {
  if (of.kind == Interpolation::Kind::time)
    return fmt::format("TIME '00:00:00' + to_microseconds({}::BIGINT)", value);
  if (of.unit_ns == 1) return fmt::format("make_timestamp_ns({}::BIGINT)", value);
  const char* make = of.result == "TIMESTAMP WITH TIME ZONE" ? "make_timestamptz" : "make_timestamp";
  return fmt::format("CAST({}({}::BIGINT * {}) AS {})", make, value, of.unit_ns / 1000, of.result);
}

std::string between_doubles(const std::string& low, const std::string& high, const std::string& share) {
  return fmt::format("({0} * (1::DOUBLE - {2}) + {1} * {2})", low, high, share);
}

}  // namespace

bool is_continuous(std::string_view type) {
  return (is_integer_type(type) && type != "BOOLEAN") || type == "UHUGEINT" || is_floating_type(type) ||
         decimal_type(type) || is_instant(type) || type == "TIME" || type == "TIME WITH TIME ZONE";
}

std::string middle_type(std::string_view type) {
  if (is_floating_type(type) || decimal_type(type)) return std::string(type);
  if (is_integer_type(type) || type == "UHUGEINT") return "DOUBLE";
  return type == "DATE" ? "TIMESTAMP" : std::string(type);
}

std::optional<Interpolation> interpolation_of(std::string_view type, std::string_view result) {
  Interpolation of;
  of.result = std::string(result);
  if ((is_integer_type(type) || type == "UHUGEINT" || type == "DOUBLE") && type != "BOOLEAN") {
    if (result != "DOUBLE") return std::nullopt;
    return of;
  }
  if (type != result && type != "DATE") return std::nullopt;
  if (type == "FLOAT") {
    of.kind = Interpolation::Kind::single;
    return of;
  }
  if (const auto decimal = decimal_type(type)) {
    of.kind =
        decimal->width > digits_of_bigint ? Interpolation::Kind::wide_decimal : Interpolation::Kind::decimal;
    of.scale = decimal->scale;
    return of;
  }
  if (type == "TIME") {
    of.kind = Interpolation::Kind::time;
    return of;
  }
  if (is_instant(type) && is_instant(result) && result != "DATE") {
    of.kind = Interpolation::Kind::instant;
    of.unit_ns = result == "TIMESTAMP_NS"   ? 1
                 : result == "TIMESTAMP_MS" ? 1000000
                 : result == "TIMESTAMP_S"  ? 1000000000
                                            : 1000;
    return of;
  }
  return std::nullopt;
}

std::string interpolate(const Interpolation& of, const std::string& low, const std::string& high,
                        const std::string& share) {
  std::string between;
  switch (of.kind) {
    case Interpolation::Kind::real:
      between = between_doubles(low + "::DOUBLE", high + "::DOUBLE", share);
      break;
    case Interpolation::Kind::single:
      between = fmt::format("{0} + (({1} - {0})::DOUBLE * {2})::FLOAT", low, high, share);
      break;
    case Interpolation::Kind::decimal:
      between = decimal_of(fmt::format("({0} + trunc(({1} - {0})::DOUBLE * {2})::HUGEINT)", digits_of(low),
                                       digits_of(high), share),
                           of.scale);
      break;
    case Interpolation::Kind::wide_decimal:
      between = decimal_of(
          fmt::format("trunc({})::HUGEINT",
                      between_doubles(digits_of(low) + "::DOUBLE", digits_of(high) + "::DOUBLE", share)),
          of.scale);
      break;
    case Interpolation::Kind::instant:
    case Interpolation::Kind::time:
      between = from_units(
          of, fmt::format("round({})",
                          between_doubles(units(of, low) + "::DOUBLE", units(of, high) + "::DOUBLE", share)));
      break;
  }
  return fmt::format("CASE WHEN {0} = 0 THEN CAST({1} AS {3}) ELSE CAST({2} AS {3}) END", share, low, between,
                     of.result);
}

std::string distance(const Interpolation& of, const std::string& value, const std::string& middle) {
  switch (of.kind) {
    case Interpolation::Kind::real:
      return fmt::format("abs({}::DOUBLE - {})", value, middle);
    case Interpolation::Kind::single:
      return fmt::format("abs({} - {})", value, middle);
    case Interpolation::Kind::decimal:
    case Interpolation::Kind::wide_decimal:
      return fmt::format("abs(CAST({} AS DECIMAL(38,{})) - {})", value, of.scale, middle);
    case Interpolation::Kind::instant:
    case Interpolation::Kind::time:
      break;
  }
  return fmt::format("abs({} - {})", units(of, value), units(of, middle));
}

std::string interpolate_distance(const Interpolation& of, const std::string& low, const std::string& high,
                                 const std::string& share) {
  if (of.kind != Interpolation::Kind::instant && of.kind != Interpolation::Kind::time)
    return interpolate(of, low, high, share);
  const std::string micros =
      fmt::format("({0} + round(({1} - {0})::DOUBLE * {2})::BIGINT)", low, high, share);
  return fmt::format("to_days(({0} // 86400000000)::INTEGER) + to_microseconds({0} % 86400000000)", micros);
}

}  // namespace anabranch::views
