#include "views/functions.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sql/parser.h"

namespace anabranch::views {

using sql::Expr;

const sql::FunctionNames& aggregate_names() {
  // All of DuckDB 1.5's; a test compares them with the engine's own catalogue.
  static const sql::FunctionNames names = {"any_value",
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
  return names;
}

bool is_aggregate_name(std::string_view name) { return aggregate_names().contains(name); }

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

bool depends_on_moment(const Expr& expr) {
  static const std::set<std::string, std::less<>> names = {"now",
                                                           "get_current_timestamp",
                                                           "current_timestamp",
                                                           "today",
                                                           "current_date",
                                                           "get_current_time",
                                                           "current_localtime",
                                                           "current_localtimestamp",
                                                           "current_time",
                                                           "localtime",
                                                           "localtimestamp",
                                                           "transaction_timestamp",
                                                           "random",
                                                           "setseed",
                                                           "uuid",
                                                           "uuidv4",
                                                           "uuidv7",
                                                           "gen_random_uuid",
                                                           "statement_timestamp",
                                                           "clock_timestamp"};
  return any(expr, [](const Expr& node) {
    if (node.kind == Expr::Kind::column && node.path.size() == 1) {
      const std::string name = sql::lower(node.path[0]);  // written without parentheses
      return name.starts_with("current_") || name.starts_with("local");
    }
    if (node.kind != Expr::Kind::call) return false;
    return names.contains(node.name) || (node.name == "age" && node.children.size() == 1);
  });
}

bool depends_on_moment(const sql::Select& select) {
  bool is_found = false;
  sql::visit_selects(select, [&](const sql::Select& inner) {
    sql::visit_own_exprs(inner, [&](const Expr& expr) { is_found = is_found || depends_on_moment(expr); });
  });
  return is_found;
}

bool is_unnest(const Expr& expr) { return expr.kind == Expr::Kind::call && expr.name == "unnest"; }

bool has_aggregate(const Expr& expr) { return any(expr, is_aggregate); }
bool has_window(const Expr& expr) {
  return any(expr, [](const Expr& node) { return node.kind == Expr::Kind::window; });
}
bool is_collation(const Expr& node) {
  return node.is("collate") ||
         (node.is("cast") && sql::lower(node.text).find("collate") != std::string::npos);
}
bool has_subquery(const Expr& expr) {
  return any(expr, [](const Expr& node) { return node.kind == Expr::Kind::subquery; });
}

namespace {

struct Macro {
  std::vector<std::string> parameters;
  Expr body;
};

const Macro* find_macro(const Expr& node) {
  // As the engine's catalogue has them; a test compares.
  static const std::map<std::string, Macro, std::less<>> macros = [] {
    const auto body = [](const char* text) { return sql::parse_select(text)->items[0]; };
    const Macro geomean{{"x"}, body("SELECT exp(avg(ln(x)))")};
    const Macro weighted{
        {"value", "weight"},
        body("SELECT sum(value * weight) / sum(CASE WHEN value IS NOT NULL THEN weight ELSE 0 END)")};
    const Macro json_array{{"x"},
                           body("SELECT CAST('[' || string_agg(CASE WHEN x IS NULL THEN 'null'::JSON "
                                "ELSE to_json(x) END, ',') || ']' AS JSON)")};
    return std::map<std::string, Macro, std::less<>>{{"geomean", geomean},
                                                     {"geometric_mean", geomean},
                                                     {"weighted_avg", weighted},
                                                     {"wavg", weighted},
                                                     {"json_group_array", json_array}};
  }();
  const auto found = macros.find(node.name);
  if (node.kind != Expr::Kind::call || found == macros.end() ||
      found->second.parameters.size() != node.children.size() || node.is_distinct || node.filter ||
      !node.order_by.empty()) {
    return nullptr;
  }
  return &found->second;
}

// -q, element by element of a list.
Expr negated(const Expr& quantile) {
  if (quantile.kind == Expr::Kind::constant)
    return sql::parse_select("SELECT -(" + sql::to_sql(quantile) + ")")->items[0];
  Expr out = quantile;
  for (Expr& child : out.children) child = negated(child);
  return out;
}

// quantile_cont(0.4 ORDER BY x DESC), as the parser gives percentile_cont(0.4) WITHIN GROUP (ORDER BY x
// DESC).
Box<Expr> without_within_group(const Expr& node) {
  if (node.kind != Expr::Kind::call || node.order_by.size() != 1) return {};
  const bool is_quantile =
      (node.name == "quantile_cont" || node.name == "quantile_disc") && node.children.size() == 1;
  if (!is_quantile && !(node.name == "mode" && node.children.empty())) return {};
  const sql::OrderItem& item = node.order_by[0];
  Expr out = node;
  if (is_quantile) out.order_by.clear();  // that of mode decides between ties
  if (is_quantile && item.is_descending) out.children[0] = negated(out.children[0]);
  out.children.insert(out.children.begin(), *item.expr);
  return out;
}

Expr with_plain_aggregates(const Expr& expr) {
  Expr expanded = sql::rewrite(expr, [](const Expr& node) -> Box<Expr> {
    const Macro* macro = find_macro(node);
    if (!macro) return without_within_group(node);
    Expr out = sql::rewrite(macro->body, [&](const Expr& inner) -> Box<Expr> {
      for (size_t i = 0; i < macro->parameters.size(); ++i) {
        if (inner.kind == Expr::Kind::column && inner.path == std::vector<std::string>{macro->parameters[i]})
          return with_plain_aggregates(node.children[i]);
      }
      return {};
    });
    out.alias = node.alias;
    out.position = node.position;
    return out;
  });
  expanded.alias = expr.alias;
  return expanded;
}

}  // namespace

sql::Select with_plain_aggregates(const sql::Select& select) {
  sql::Select out = select;
  for (Expr& item : out.items) item = with_plain_aggregates(item);
  if (out.having) out.having = with_plain_aggregates(*out.having);
  if (out.qualify) out.qualify = with_plain_aggregates(*out.qualify);
  for (sql::OrderItem& item : out.order_by) item.expr = with_plain_aggregates(*item.expr);
  return out;
}

}  // namespace anabranch::views
