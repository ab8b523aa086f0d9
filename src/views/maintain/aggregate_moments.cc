// Variances and what is like them. Whole numbers, and decimals by their digits, from exact sums; doubles by
// Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979,
// where they are near zero, and by exact sums of their bits where they are not: there the differences between
// values are small beside the values, and what rounding takes from the squares is all that there was.

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

// Whether sums of its squares over any number of rows are exact in HUGEINT, and the squares in BIGINT.
bool is_exact_when_squared(std::string_view type) {
  return is_one_of(type, {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT"});
}

// Doubles from 2^21 to 2^59 are whole multiples of 2^-31.
constexpr std::string_view far_from = "2097152";
constexpr std::string_view far_to = "576460752303423488";
constexpr std::string_view fraction = "2147483648";

}  // namespace

// Count, sum and sum of squares of small integers: exact, and merged by adding. What is left of a shift to
// the whole number next to the mean is at most half of what it is taken from, so nothing cancels.
AggregatePlanner::Deviations AggregatePlanner::exact_deviations(const std::string& argument,
                                                                const std::string& filter) {
  const std::string clause = filter_clause(filter);
  const std::string n = state(fmt::format("count({}){}", argument, clause), std::string(merge_count));
  const std::string sum = state(fmt::format("sum({}){}", argument, clause), "sum({0})");
  const std::string squares = state(fmt::format("sum({0}::BIGINT * {0}){1}", argument, clause), "sum({0})");
  const std::string shift = derive(0, fmt::format("round({}::DOUBLE / {})::HUGEINT", sum, n));
  const std::string rest = derive(1, fmt::format("{} - {} * {}", sum, n, shift));
  return {n, derive(2, fmt::format("({0} - {1} * ({2} + {3}))::DOUBLE - {3}::DOUBLE * {3} / {4}", squares,
                                   shift, sum, rest, n))};
}

// The same for integers whose squares have more than 128 bits in sum: each is a * 2^bits + b, and the sums
// are those of a, b, a², ab and b², all of them exact.
AggregatePlanner::Deviations AggregatePlanner::limb_deviations(const std::string& integer,
                                                               const std::string& filter, int bits,
                                                               std::string* mean) {
  const std::string clause = filter_clause(filter);
  const std::string unit = fmt::format("{}::HUGEINT", uint64_t{1} << bits);
  const std::string a = fmt::format("({} >> {})", integer, bits);
  const std::string b = fmt::format("({} & {})", integer, (uint64_t{1} << bits) - 1);
  const auto sum = [&](const std::string& of) {
    return state(fmt::format("sum({}){}", of, clause), "sum({0})");
  };
  const std::string n = state(fmt::format("count({}){}", integer, clause), std::string(merge_count));
  const std::string sa = sum(a);
  const std::string sb = sum(b);
  const std::string saa = sum(a + " * " + a);
  const std::string sab = sum(a + " * " + b);
  // Half of 64 bits: the square has the others, without a sign.
  const std::string sbb = sum(bits == 32 ? fmt::format("{0}::UBIGINT * {0}::UBIGINT", b) : b + " * " + b);
  // A whole number next to the mean, in the same halves.
  const std::string total = derive(0, fmt::format("{} * {} + {}", sa, unit, sb));
  const std::string shift = derive(1, fmt::format("{} // {}", total, n));
  const std::string ma = derive(2, fmt::format("{} >> {}", shift, bits));
  const std::string mb = derive(3, fmt::format("{} - {} * {}", shift, ma, unit));
  const std::string rest = derive(3, fmt::format("{} - {} * {}", total, n, shift));
  const std::string aa = derive(4, fmt::format("{0} - 2 * {1} * {2} + {3} * {1} * {1}", saa, ma, sa, n));
  const std::string ab =
      derive(4, fmt::format("{0} - {1} * {2} - {3} * {4} + {5} * {1} * {3}", sab, ma, sb, mb, sa, n));
  const std::string bb = derive(4, fmt::format("{0} - 2 * {1} * {2} + {3} * {1} * {1}", sbb, mb, sb, n));
  // Far apart, the halves do not cancel, and a double holds what is needed.
  const std::string squared = derive(
      5,
      fmt::format("CASE WHEN {0} < {4}::HUGEINT THEN (({0} * {3} + 2 * {1}) * {3} + {2})::DOUBLE ELSE "
                  "({0}::DOUBLE * {3} + 2 * {1}::DOUBLE) * {3} + {2}::DOUBLE END - {5}::DOUBLE * {5} / {6}",
                  aa, ab, bb, unit, uint64_t{1} << std::min(62, 122 - 2 * bits), rest, n));
  if (mean) *mean = fmt::format("({}::DOUBLE / {})", total, n);
  return {n, squared};
}

AggregatePlanner::Deviations AggregatePlanner::deviations(const std::string& argument,
                                                          const std::string& type,
                                                          const std::string& filter) {
  if (is_exact_when_squared(type)) return exact_deviations(argument, filter);
  if (is_one_of(type, {"BIGINT", "UBIGINT", "UINTEGER"}))
    return limb_deviations(type == "UINTEGER" ? argument + "::BIGINT" : argument, filter, 32, nullptr);
  if (const auto decimal = decimal_type(type); decimal && decimal->width <= 18) {
    const std::string digits = decimal->scale == 0
                                   ? fmt::format("{}::BIGINT", argument)
                                   : fmt::format("({} * {}::DECIMAL({},0))::BIGINT", argument,
                                                 power_of_ten(decimal->scale), decimal->scale + 1);
    const Deviations of = limb_deviations(digits, filter, 32, nullptr);
    return {of.n, derive(6, fmt::format(
                                "{} / 1e{}", of.squared,
                                (is_planted("the scale of decimals counts once") ? 1 : 2) * decimal->scale))};
  }
  const std::string x = argument + "::DOUBLE";
  // Most values are near, so that they are told first.
  const std::string is_near = fmt::format("{0} > -{1} AND {0} < {1}", x, far_from);
  std::string far_mean;
  const Deviations far =
      limb_deviations(fmt::format("(CASE WHEN {} THEN NULL WHEN abs({}) < {} THEN ({} * {})::HUGEINT END)",
                                  is_near, x, far_to, x, fraction),
                      filter, 45, &far_mean);
  const std::string near = moments(
      fmt::format("(CASE WHEN {} THEN {} WHEN abs({}) < {} THEN NULL ELSE {} END)", is_near, x, x, far_to, x),
      filter);
  const std::string n = derive(0, fmt::format("{} + {}_n", far.n, near));
  const std::string between = derive(6, fmt::format("{} / {} - {}_mean", far_mean, fraction, near));
  const std::string squared = derive(
      7, fmt::format(
             "{0}_m2 + coalesce({1} / 4611686018427387904, 0) + CASE WHEN {0}_n > 0 AND {2} > 0 THEN {3} * "
             "{3} * {0}_n * ({2}::DOUBLE / {4}) ELSE 0 END",
             near, far.squared, far.n, between, n));
  return {n, squared};
}

// n, mean and sum of squared deviations of one argument, as columns <prefix>_n, <prefix>_mean, <prefix>_m2.
// The engine's variance raises where it is infinite, its covariance does not.
std::string AggregatePlanner::moments(const std::string& argument, const std::string& filter) {
  const std::string clause = filter_clause(filter);
  std::string partial = fmt::format(
      "count({0}){1} AS @_n, favg({0}){1} AS @_mean, coalesce(covar_pop({0}, {0}){1} * count({0}){1}, 0) AS "
      "@_m2",
      argument, clause);
  for (const Moments& known : moments_) {
    if (known.partial == partial) return known.prefix;
  }
  moments_.push_back({fmt::format("m{}", moments_.size()), std::move(partial), false});
  return moments_.back().prefix;
}

std::string AggregatePlanner::moments_of_pair(const std::string& y, const std::string& x,
                                              const std::string& filter) {
  const std::string clause = filter_clause(filter);
  const std::string of_x = is_planted("half a pair is a pair")
                               ? x + "::DOUBLE"
                               : fmt::format("(CASE WHEN {} IS NOT NULL THEN {}::DOUBLE END)", y, x);
  const std::string of_y = fmt::format("(CASE WHEN {} IS NOT NULL THEN {}::DOUBLE END)", x, y);
  std::string partial =
      fmt::format("count({0}){2} AS @_n, favg({0}){2} AS @_x, favg({1}){2} AS @_y", of_x, of_y, clause);
  for (const auto& [product, a, b] :
       {std::tuple("xx", of_x, of_x), std::tuple("yy", of_y, of_y), std::tuple("xy", of_x, of_y)}) {
    partial += fmt::format(", coalesce(covar_pop({}, {}){} * count({}){}, 0) AS @_{}", a, b, clause, of_x,
                           clause, product);
  }
  for (const Moments& known : moments_) {
    if (known.partial == partial) return known.prefix;
  }
  moments_.push_back({fmt::format("m{}", moments_.size()), std::move(partial), true});
  return moments_.back().prefix;
}

AggregatePlanner::Final AggregatePlanner::plan_moments(const Expr& call, const AggregateTypes& types) {
  const std::string& name = call.name;
  if (is_one_of(name, {"var_pop", "var_samp", "stddev_pop", "stddev_samp", "sem"}) &&
      call.children.size() == 1) {
    raise_class(ViewClass::algebraic);
    const Deviations of = deviations(argument(call, 0), types.arguments.at(0), filter(call));
    // One value deviates by nothing, whatever it is, but its error is not a number where it is not one.
    const std::string least = name.ends_with("_samp") ? "1" : "0";
    std::string text = fmt::format("{} / {}", of.squared,
                                   name.ends_with("_samp") && !is_planted("samples are taken for populations")
                                       ? "(" + of.n + " - 1)"
                                       : of.n);
    if (name.ends_with("_pop")) text = fmt::format("CASE WHEN {} > 1 THEN {} ELSE 0 END", of.n, text);
    if (name.starts_with("stddev")) text = fmt::format("sqrt({})", text);
    if (name == "sem") text = fmt::format("sqrt({}) / sqrt({})", text, of.n);
    const std::string value = derive(8, fmt::format("CASE WHEN {} > {} THEN {} END", of.n, least, text));
    const char* what = name == "var_pop"       ? "VARPOP"
                       : name == "var_samp"    ? "VARSAMP"
                       : name == "stddev_pop"  ? "STDDEV_POP"
                       : name == "stddev_samp" ? "STDDEV_SAMP"
                                               : "SEM";
    return finite_or_error(value, what);
  }
  if (call.children.size() == 2 &&
      is_one_of(name, {"corr", "covar_pop", "covar_samp", "regr_count", "regr_avgx", "regr_avgy", "regr_sxx",
                       "regr_syy", "regr_sxy", "regr_slope", "regr_intercept", "regr_r2"})) {
    raise_class(ViewClass::algebraic);
    if (name == "regr_avgx" || name == "regr_avgy") {
      const bool is_of_x = name == "regr_avgx";
      const std::string other = argument(call, is_of_x ? 0 : 1);
      const std::string value = fmt::format("(CASE WHEN {} IS NOT NULL THEN {}::DOUBLE END)", other,
                                            argument(call, is_of_x ? 1 : 0));
      const std::string total = state(double_sum(value, filter(call)), double_sum("{0}", ""));
      return fmt::format(
          "{} / {}", total,
          state(fmt::format("count({}){}", value, filter_clause(filter(call))), std::string(merge_count)));
    }
    const std::string m = moments_of_pair(argument(call, 0), argument(call, 1), filter(call));
    if (name == "covar_pop") return fmt::format("CASE WHEN {0}_n > 0 THEN {0}_xy / {0}_n END", m);
    if (name == "covar_samp") return fmt::format("CASE WHEN {0}_n > 1 THEN {0}_xy / ({0}_n - 1) END", m);
    if (name == "regr_count") return fmt::format("coalesce({0}_n, 0)", m);
    if (name == "regr_sxy") return fmt::format("CASE WHEN {0}_n > 0 THEN {0}_xy END", m);
    // Of one row there is no variance, and of an infinite one none that could be told.
    const auto deviation = [&](const char* of, const char* what) {
      const std::string value = derive(0, fmt::format("CASE WHEN {0}_n > 1 THEN {0}{1} ELSE 0 END", m, of));
      return derive(1, finite_or_error(value, what));
    };
    const std::string xx =
        name == "regr_syy" ? "" : deviation("_xx", name == "corr" ? "STDDEV_POP for X" : "VARPOP");
    const std::string yy = is_one_of(name, {"corr", "regr_syy", "regr_r2"})
                               ? deviation("_yy", name == "corr" ? "STDDEV_POP for Y" : "VARPOP")
                               : "";
    if (name == "regr_sxx") return fmt::format("CASE WHEN {}_n > 0 THEN {} END", m, xx);
    if (name == "regr_syy") return fmt::format("CASE WHEN {}_n > 0 THEN {} END", m, yy);
    if (name == "corr") {
      return fmt::format(
          "CASE WHEN {0}_n > 0 THEN CASE WHEN {1} * {2} = 0 THEN 'NaN'::DOUBLE ELSE {0}_xy / (sqrt({1}) * "
          "sqrt({2})) END END",
          m, xx, yy);
    }
    if (name == "regr_slope") {
      return fmt::format(
          "CASE WHEN {0}_n > 0 THEN CASE WHEN {1} = 0 THEN 'NaN'::DOUBLE ELSE {0}_xy / {1} END END", m, xx);
    }
    if (name == "regr_intercept")
      return fmt::format("CASE WHEN {0}_n > 0 AND {1} <> 0 THEN {0}_y - {0}_x * ({0}_xy / {1}) END", m, xx);
    return fmt::format(
        "CASE WHEN {0}_n > 0 AND {1} <> 0 THEN CASE WHEN {2} = 0 THEN 1 ELSE {0}_xy * {0}_xy / ({1} * {2}) "
        "END "
        "END",
        m, xx, yy);
  }
  return std::nullopt;
}

}  // namespace anabranch::views
