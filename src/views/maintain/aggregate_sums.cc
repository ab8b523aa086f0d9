// Counts, sums and averages, and what merges by itself: min, max, bool_and, …

#include <fmt/format.h>

#include "base/mistake.h"
#include "views/maintain/aggregate_clauses.h"
#include "views/maintain/aggregates.h"

namespace anabranch::views {

using sql::Expr;

namespace {

const std::string_view merge_count = is_planted("counts merge by the larger")
                                         ? "coalesce(max({0}), 0)::BIGINT"
                                         : "coalesce(sum({0}), 0)::BIGINT";

// Sums of HUGEINT, and of decimals with more digits, could pass 128 bits within a conceivable number of rows.
constexpr int digits_that_fit = 26;
// A wide number is `high` times this, and `low`: sums of both stay far below 128 bits.
constexpr std::string_view limb = "10000000000000000000::HUGEINT";
constexpr std::string_view most_high = "17014118346046923173";
constexpr std::string_view most_high_digits = "9999999999999999999";  // of 38 digits

// Times of day and points in time as whole numbers, infinities as the engine holds them.
std::string microseconds(const std::string& value, std::string_view type) {
  if (type == "TIME") return fmt::format("epoch_us({})", value);
  return fmt::format(
      "coalesce(epoch_us({0}), CASE WHEN {0} > TIMESTAMP '1970-01-01' THEN 9223372036854775807 WHEN {0} < "
      "TIMESTAMP '1970-01-01' THEN -9223372036854775807 END)",
      value);
}

std::string from_microseconds(const std::string& value, std::string_view type) {
  if (type == "TIME") return fmt::format("TIME '00:00:00' + to_microseconds({})", value);
  return fmt::format("{}({})", type == "TIMESTAMP" ? "make_timestamp" : "make_timestamptz", value);
}

}  // namespace

AggregatePlanner::Sum AggregatePlanner::sum(const std::string& argument, const std::string& type,
                                            const std::string& filter, const Keep& keep) {
  const std::string clause = filter_clause(filter);
  if (is_floating_type(type) || type == "UHUGEINT") {
    const std::string sum = keep(double_sum(argument + "::DOUBLE", filter), double_sum("{0}", ""));
    return {sum, sum};
  }
  const auto decimal = decimal_type(type);
  const bool is_wide = (decimal ? decimal->width > digits_that_fit : type == "HUGEINT") &&
                       !is_planted("sums wrap at 128 bits");
  if (!is_wide) {
    const std::string sum = keep(fmt::format("sum({}){}", argument, clause),
                                 is_planted("sums merge by the larger") ? "max({0})" : "sum({0})");
    return {sum, sum + "::DOUBLE"};
  }
  // Most values are small all the same: they are summed as they are, the others in two halves.
  const int scale = decimal ? decimal->scale : 0;
  std::string bound = power_of_ten(digits_that_fit);
  if (scale > 0) {
    bound = scale <= digits_that_fit
                ? power_of_ten(digits_that_fit - scale)
                : "0." + std::string(static_cast<size_t>(scale - digits_that_fit - 1), '0') + "1";
  }
  const std::string is_small =
      fmt::format("{0} > CAST('-{1}' AS {2}) AND {0} < CAST('{1}' AS {2})", argument, bound, type);
  const std::string digits = decimal ? digits_of(argument) : argument;
  const std::string small =
      keep(fmt::format("sum(CASE WHEN {} THEN {} END){}", is_small, argument, clause), "sum({0})");
  const std::string high = keep(
      fmt::format("sum(CASE WHEN NOT ({}) THEN {} // {} END){}", is_small, digits, limb, clause), "sum({0})");
  const std::string low = keep(
      fmt::format("sum(CASE WHEN NOT ({}) THEN {} % {} END){}", is_small, digits, limb, clause), "sum({0})");
  const std::string rest = derive(0, fmt::format("CASE WHEN {0} IS NOT NULL THEN {1} + coalesce({2}, 0) END",
                                                 high, low, decimal ? digits_of(small) : small));
  const std::string carried = derive(
      1, is_planted("wide sums lose the carry") ? high : fmt::format("{} + {} // {}", high, rest, limb));
  const std::string left = derive(1, fmt::format("{} % {}", rest, limb));
  // Both halves with one sign, so that the high one alone tells whether the sum fits.
  const std::string h =
      derive(2, fmt::format("CASE WHEN {0} > 0 AND {1} < 0 THEN {0} - 1 WHEN {0} < 0 AND {1} "
                            "> 0 THEN {0} + 1 ELSE {0} END",
                            carried, left));
  const std::string l = derive(2, fmt::format("CASE WHEN {0} > 0 AND {1} < 0 THEN {1} + {2} WHEN {0} < 0 AND "
                                              "{1} > 0 THEN {1} - {2} ELSE {1} END",
                                              carried, left, limb));
  // Up to 128 bits, as the engine: a decimal may then have a digit too many, which only adding can make.
  // Where all of its digits stand behind the point, there is no place for it.
  std::string whole = fmt::format("({} * {} + {})", h, limb, l);
  if (decimal) {
    whole = fmt::format("list_sum([{}, {}])", decimal_of(whole + " // 2", scale),
                        decimal_of(fmt::format("{0} - {0} // 2", whole), scale));
  }
  Sum result;
  result.total = fmt::format(
      "CASE WHEN {0} IS NULL THEN {1} WHEN abs({0}) > {2} THEN error('the sum overflows {3}') ELSE {4} END",
      h, small, scale == 38 ? most_high_digits : most_high,
      decimal ? fmt::format("DECIMAL(38,{})", scale) : "HUGEINT", whole);
  result.as_double = fmt::format(
      "CASE WHEN {0} IS NULL THEN {1}::DOUBLE ELSE ({0}::DOUBLE * 1e19 + {2}::DOUBLE) / 1e{3} END", h, small,
      l, scale);
  return result;
}

AggregatePlanner::Final AggregatePlanner::plan_sum(const Expr& call, const AggregateTypes& types) {
  const std::string& name = call.name;
  const Keep keep = [&](const std::string& partial, const std::string& merge) {
    return state(partial, merge);
  };
  if (name == "count" && (call.children.empty() || call.children[0].kind == Expr::Kind::star)) {
    return fmt::format("coalesce({}, 0)",
                       state("count(*)" + filter_clause(filter(call)), std::string(merge_count)));
  }
  if (call.children.size() != 1) return std::nullopt;
  const std::string& type = types.arguments.at(0);
  if (name == "count") {
    return fmt::format("coalesce({}, 0)",
                       state(fmt::format("count({}){}", argument(call, 0), filter_clause(filter(call))),
                             std::string(merge_count)));
  }
  if (name == "count_if") {  // NULL, not 0, where every value is NULL
    return state(fmt::format("count_if({}){}", argument(call, 0), filter_clause(filter(call))), "sum({0})");
  }
  if (is_one_of(name, {"sum", "fsum"})) {
    if (name == "fsum") return sum(argument(call, 0), "DOUBLE", filter(call), keep).total;
    if (!is_integer_type(type) && !decimal_type(type) && !is_floating_type(type) && type != "UHUGEINT")
      return refuse(fmt::format("{} of {} is computed when the view is read", name, type));
    return sum(argument(call, 0), type, filter(call), keep).total;
  }
  if (is_one_of(name, {"avg", "favg"})) {
    raise_class(ViewClass::algebraic);
    const std::string x = argument(call, 0);
    const std::string f = filter(call);
    const auto count = [&] {
      const bool counts_null = is_planted("averages are of all rows");
      return state(fmt::format("count({}){}", counts_null ? "*" : x, filter_clause(f)),
                   std::string(merge_count));
    };
    if (name == "avg" && is_one_of(types.result, {"TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIME"})) {
      const std::string instant = types.result == "TIME" ? x : fmt::format("CAST({} AS {})", x, types.result);
      const std::string total =
          state(fmt::format("sum({}){}", microseconds(instant, types.result), filter_clause(f)), "sum({0})");
      const std::string n = count();
      // Rounded as the engine does.
      const std::string mean = derive(
          0,
          fmt::format("({0} // {1} + CASE WHEN {0} % {1} > {1} // 2 THEN 1 ELSE 0 END)::BIGINT", total, n));
      return from_microseconds(mean, types.result);
    }
    if (!is_integer_type(type) && !decimal_type(type) && !is_floating_type(type) && type != "UHUGEINT")
      return refuse(fmt::format("avg of {} is computed when the view is read", type));
    const std::string total = sum(x, name == "favg" ? "DOUBLE" : type, f, keep).as_double;
    return fmt::format("({}) / {}", total, count());
  }
  if (is_one_of(name, {"min", "max", "bool_and", "bool_or", "product"}) ||
      (is_one_of(name, {"bit_and", "bit_or", "bit_xor"}) && is_integer_type(type))) {
    const bool is_swapped = name == "min" && is_planted("the least merge by the largest");
    return state(fmt::format("{}({}){}", name, argument(call, 0), filter_clause(filter(call))),
                 (is_swapped ? "max" : name) + "({0})");
  }
  return std::nullopt;
}

}  // namespace anabranch::views
