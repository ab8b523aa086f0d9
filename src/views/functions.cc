#include "views/functions.h"

#include <set>
#include <string>

namespace anabranch::views {

using sql::Expr;

bool is_aggregate_name(std::string_view name) {
  // All of DuckDB 1.5's; a test compares them with the engine's own catalogue.
  static const std::set<std::string, std::less<>> names = {"any_value",
                                                           "approx_count_distinct",
                                                           "approx_quantile",
                                                           "approx_top_k",
                                                           "arbitrary",
                                                           "arg_max",
                                                           "arg_max_null",
                                                           "arg_max_nulls_last",
                                                           "arg_min",
                                                           "arg_min_null",
                                                           "arg_min_nulls_last",
                                                           "argmax",
                                                           "argmin",
                                                           "array_agg",
                                                           "avg",
                                                           "bit_and",
                                                           "bit_or",
                                                           "bit_xor",
                                                           "bitstring_agg",
                                                           "bool_and",
                                                           "bool_or",
                                                           "corr",
                                                           "count",
                                                           "count_if",
                                                           "count_star",
                                                           "countif",
                                                           "covar_pop",
                                                           "covar_samp",
                                                           "entropy",
                                                           "favg",
                                                           "first",
                                                           "fsum",
                                                           "group_concat",
                                                           "histogram",
                                                           "histogram_exact",
                                                           "kahan_sum",
                                                           "kurtosis",
                                                           "kurtosis_pop",
                                                           "last",
                                                           "list",
                                                           "listagg",
                                                           "mad",
                                                           "max",
                                                           "max_by",
                                                           "mean",
                                                           "median",
                                                           "min",
                                                           "min_by",
                                                           "mode",
                                                           "product",
                                                           "quantile",
                                                           "quantile_cont",
                                                           "quantile_disc",
                                                           "regr_avgx",
                                                           "regr_avgy",
                                                           "regr_count",
                                                           "regr_intercept",
                                                           "regr_r2",
                                                           "regr_slope",
                                                           "regr_sxx",
                                                           "regr_sxy",
                                                           "regr_syy",
                                                           "reservoir_quantile",
                                                           "sem",
                                                           "skewness",
                                                           "stddev",
                                                           "stddev_pop",
                                                           "stddev_samp",
                                                           "string_agg",
                                                           "sum",
                                                           "sum_no_overflow",
                                                           "sumkahan",
                                                           "var_pop",
                                                           "var_samp",
                                                           "variance"};
  return names.contains(name);
}

bool is_aggregate(const Expr& expr) {
  return expr.kind == Expr::Kind::call && !expr.is_operator && is_aggregate_name(expr.name);
}

namespace {

template <typename Predicate>
bool any(const Expr& expr, Predicate predicate) {
  bool is_found = false;
  sql::visit_expr(expr, [&](const Expr& node) {
    is_found = is_found || predicate(node);
    return !is_found;
  });
  return is_found;
}

}  // namespace

bool has_aggregate(const Expr& expr) { return any(expr, is_aggregate); }
bool has_window(const Expr& expr) {
  return any(expr, [](const Expr& node) { return node.kind == Expr::Kind::window; });
}
bool has_subquery(const Expr& expr) {
  return any(expr, [](const Expr& node) { return node.kind == Expr::Kind::subquery; });
}

}  // namespace anabranch::views
