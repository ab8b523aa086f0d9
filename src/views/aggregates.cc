#include "views/aggregates.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace anabranch::views {

using sql::Expr;

namespace {

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_integer_type(std::string_view type) {
  return is_one_of(type, {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
                          "UINTEGER", "UBIGINT", "BOOLEAN"});
}
// Whether the squares of its values, and sums of them over any number of rows, are exact in HUGEINT.
bool is_exact_when_squared(std::string_view type) {
  return is_one_of(type, {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT"});
}
bool is_floating_type(std::string_view type) { return is_one_of(type, {"FLOAT", "DOUBLE"}); }
bool is_decimal_type(std::string_view type) { return type.starts_with("DECIMAL"); }

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string group_by(const std::vector<std::string>& keys) {
  return keys.empty() ? "" : " GROUP BY " + joined(keys);
}

std::string partition_by(const std::vector<std::string>& keys) {
  return keys.empty() ? "" : "PARTITION BY " + joined(keys);
}

// " FILTER (WHERE f1)", or nothing.
std::string filter_clause(const std::string& filter) {
  return filter.empty() ? "" : fmt::format(" FILTER (WHERE {})", filter);
}
std::string filter_clause(const std::string& filter, const std::string& more) {
  return fmt::format(" FILTER (WHERE {}{})", filter.empty() ? "" : filter + " AND ", more);
}

// A quantile between 0 and 1 as written, or nothing.
std::optional<double> constant_quantile(const Expr& expr) {
  if (expr.kind != Expr::Kind::constant) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(expr.text.c_str(), &end);
  if (expr.text.empty() || *end != '\0' || value < 0 || value > 1) return std::nullopt;
  return value;
}

}  // namespace

std::string RowColumns::add(const Expr& expr, std::string_view prefix) {
  Expr bare = expr;
  bare.alias.clear();
  std::string sql = sql::to_sql(bare);
  if (const auto found = by_sql_.find(sql); found != by_sql_.end()) return found->second;
  const auto count = counts_.try_emplace(std::string(prefix), 0).first;
  std::string name = fmt::format("{}{}", prefix, count->second++);
  by_sql_.emplace(std::move(sql), name);
  columns_.push_back({name, std::move(bare)});
  return name;
}

void RowColumns::add_as(const Expr& expr, const std::string& name) {
  Expr bare = expr;
  bare.alias.clear();
  by_sql_.try_emplace(sql::to_sql(bare), name);
  columns_.push_back({name, std::move(bare)});
}

std::optional<std::string> AggregatePlanner::refuse(std::string reason) {
  reason_ = std::move(reason);
  return std::nullopt;
}

std::string AggregatePlanner::argument(const Expr& call, size_t index) {
  return rows_.add(call.children.at(index), "a");
}

std::string AggregatePlanner::filter(const Expr& call) {
  return call.filter ? rows_.add(*call.filter, "f") : "";
}

std::string AggregatePlanner::state(const std::string& partial, const std::string& merge) {
  for (const State& known : states_) {
    if (known.partial == partial) return known.name;
  }
  State added{fmt::format("s{}", states_.size()), partial, merge};
  states_.push_back(added);
  return added.name;
}

std::optional<std::string> AggregatePlanner::add(const Expr& call, const AggregateTypes& types) {
  std::optional<std::string> final_expr;
  const bool is_same_when_distinct =
      is_one_of(call.name, {"min", "max", "bool_and", "bool_or", "bit_and", "bit_or", "any_value"});
  if (call.is_distinct && !is_same_when_distinct) {
    final_expr = plan_holistic(call, types);
  } else if ((final_expr = plan_distributive(call, types))) {
  } else if (reason_.empty() && (final_expr = plan_algebraic(call, types))) {
  } else if (reason_.empty() && (final_expr = plan_by_order(call))) {
  } else if (reason_.empty()) {
    final_expr = plan_holistic(call, types);
  }
  if (!final_expr) {
    if (reason_.empty()) reason_ = fmt::format("{} has no mergeable state here", call.name);
    return std::nullopt;
  }
  return fmt::format("CAST({} AS {})", *final_expr, types.result);
}

std::optional<std::string> AggregatePlanner::plan_distributive(const Expr& call,
                                                               const AggregateTypes& types) {
  const std::string& name = call.name;
  if (!call.order_by.empty()) return std::nullopt;
  if (is_one_of(name, {"count", "count_star"}) &&
      (call.children.empty() || call.children[0].kind == Expr::Kind::star)) {
    return fmt::format("coalesce({}, 0)",
                       state("count(*)" + filter_clause(filter(call)), "coalesce(sum({0}), 0)::BIGINT"));
  }
  if (call.children.size() != 1) return std::nullopt;
  const std::string& type = types.arguments.at(0);
  if (name == "count") {
    return fmt::format("coalesce({}, 0)",
                       state(fmt::format("count({}){}", argument(call, 0), filter_clause(filter(call))),
                             "coalesce(sum({0}), 0)::BIGINT"));
  }
  if (is_one_of(name, {"count_if", "countif"})) {  // NULL, not 0, where every value is NULL
    return state(fmt::format("count_if({}){}", argument(call, 0), filter_clause(filter(call))), "sum({0})");
  }
  if (is_one_of(name, {"sum", "sum_no_overflow", "fsum", "kahan_sum", "sumkahan"})) {
    if (is_floating_type(type)) {  // compensated, so that the order of additions does not show
      return state(fmt::format("fsum({}::DOUBLE){}", argument(call, 0), filter_clause(filter(call))),
                   "fsum({0})");
    }
    if (name == "sum" && (is_integer_type(type) || is_decimal_type(type))) {
      return state(fmt::format("sum({}){}", argument(call, 0), filter_clause(filter(call))), "sum({0})");
    }
    return refuse(fmt::format("{} of {} has no mergeable state", name, type));
  }
  if (is_one_of(name, {"min", "max", "bool_and", "bool_or", "bit_and", "bit_or", "bit_xor", "product"})) {
    if (name == "bit_xor" || name.starts_with("bit_") ? !is_integer_type(type) : false) return std::nullopt;
    return state(fmt::format("{}({}){}", name, argument(call, 0), filter_clause(filter(call))),
                 name + "({0})");
  }
  return std::nullopt;
}

// Count, sum and sum of squares of small integers: exact, and merged by adding. What is left of a shift to
// the whole number next to the mean is at most half of what it is taken from, so nothing cancels.
AggregatePlanner::Deviations AggregatePlanner::exact_deviations(const std::string& argument,
                                                                const std::string& filter) {
  const std::string clause = filter_clause(filter);
  const std::string n = state(fmt::format("count({}){}", argument, clause), "coalesce(sum({0}), 0)::BIGINT");
  const std::string sum = state(fmt::format("sum({}){}", argument, clause), "sum({0})");
  const std::string squares = state(fmt::format("sum({0}::BIGINT * {0}){1}", argument, clause), "sum({0})");
  const std::string shift = fmt::format("round({}::DOUBLE / {})::HUGEINT", sum, n);
  const std::string rest = fmt::format("({} - {} * {})", sum, n, shift);
  return {n, fmt::format("(({0} - {1} * ({2} + {3}))::DOUBLE - {3}::DOUBLE * {3} / {4})", squares, shift, sum,
                         rest, n)};
}

// n, mean and sum of squared deviations of one argument, as columns <prefix>_n, <prefix>_mean, <prefix>_m2.
std::string AggregatePlanner::moments(const std::string& argument, const std::string& filter) {
  const std::string clause = filter_clause(filter);
  std::string partial = fmt::format(
      "count({0}){1} AS @_n, favg({0}::DOUBLE){1} AS @_mean, coalesce(var_pop({0}::DOUBLE){1} * "
      "count({0}){1}, 0) AS @_m2",
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
  std::string partial = fmt::format(
      "regr_count({0}, {1}){2}::BIGINT AS @_n, regr_avgx({0}, {1}){2} AS @_x, regr_avgy({0}, {1}){2} AS @_y, "
      "coalesce(regr_sxx({0}, {1}){2}, 0) AS @_xx, coalesce(regr_syy({0}, {1}){2}, 0) AS @_yy, "
      "coalesce(regr_sxy({0}, {1}){2}, 0) AS @_xy",
      y, x, clause);
  for (const Moments& known : moments_) {
    if (known.partial == partial) return known.prefix;
  }
  moments_.push_back({fmt::format("m{}", moments_.size()), std::move(partial), true});
  return moments_.back().prefix;
}

std::optional<std::string> AggregatePlanner::plan_algebraic(const Expr& call, const AggregateTypes& types) {
  const std::string& name = call.name;
  if (!call.order_by.empty()) return std::nullopt;
  if (is_one_of(name, {"avg", "mean", "favg"}) && call.children.size() == 1) {
    const std::string& type = types.arguments.at(0);
    if (!is_integer_type(type) && !is_decimal_type(type) && !is_floating_type(type)) {
      return refuse(fmt::format("avg of {} has no mergeable state", type));
    }
    raise_class(ViewClass::algebraic);
    const std::string x = argument(call, 0);
    const std::string clause = filter_clause(filter(call));
    const std::string sum = is_floating_type(type)
                                ? state(fmt::format("fsum({}::DOUBLE){}", x, clause), "fsum({0})")
                                : state(fmt::format("sum({}){}", x, clause), "sum({0})");
    const std::string count = state(fmt::format("count({}){}", x, clause), "coalesce(sum({0}), 0)::BIGINT");
    return fmt::format("({}::DOUBLE / {})", sum, count);
  }
  if (is_one_of(name, {"var_pop", "var_samp", "variance", "stddev", "stddev_pop", "stddev_samp", "sem"}) &&
      call.children.size() == 1) {
    raise_class(ViewClass::algebraic);
    const std::string x = argument(call, 0);
    Deviations of;
    if (is_exact_when_squared(types.arguments.at(0))) {
      of = exact_deviations(x, filter(call));
    } else {
      const std::string m = moments(x, filter(call));
      of = {m + "_n", m + "_m2"};
    }
    const std::string pop = fmt::format("CASE WHEN {0} > 0 THEN {1} / {0} END", of.n, of.squared);
    const std::string samp = fmt::format("CASE WHEN {0} > 1 THEN {1} / ({0} - 1) END", of.n, of.squared);
    if (name == "var_pop") return pop;
    if (name == "stddev_pop") return fmt::format("sqrt({})", pop);
    if (name == "sem")
      return fmt::format("CASE WHEN {0} > 0 THEN sqrt({1} / {0}) / sqrt({0}) END", of.n, of.squared);
    if (name == "var_samp" || name == "variance") return samp;
    return fmt::format("sqrt({})", samp);
  }
  if (call.children.size() == 2 &&
      is_one_of(name, {"corr", "covar_pop", "covar_samp", "regr_count", "regr_avgx", "regr_avgy", "regr_sxx",
                       "regr_syy", "regr_sxy", "regr_slope", "regr_intercept", "regr_r2"})) {
    raise_class(ViewClass::algebraic);
    const std::string m = moments_of_pair(argument(call, 0), argument(call, 1), filter(call));
    std::string text;
    const std::string slope = "(CASE WHEN {0}_xx = 0 THEN 'NaN'::DOUBLE ELSE {0}_xy / {0}_xx END)";
    if (name == "corr") {
      text =
          "CASE WHEN {0}_n > 0 THEN CASE WHEN {0}_xx * {0}_yy = 0 THEN 'NaN'::DOUBLE ELSE {0}_xy / "
          "(sqrt({0}_xx) * sqrt({0}_yy)) END END";
    } else if (name == "covar_pop") {
      text = "CASE WHEN {0}_n > 0 THEN {0}_xy / {0}_n END";
    } else if (name == "covar_samp") {
      text = "CASE WHEN {0}_n > 1 THEN {0}_xy / ({0}_n - 1) END";
    } else if (name == "regr_count") {
      text = "coalesce({0}_n, 0)";
    } else if (name == "regr_avgx") {
      text = "{0}_x";
    } else if (name == "regr_avgy") {
      text = "{0}_y";
    } else if (name == "regr_sxx") {
      text = "CASE WHEN {0}_n > 0 THEN {0}_xx END";
    } else if (name == "regr_syy") {
      text = "CASE WHEN {0}_n > 0 THEN {0}_yy END";
    } else if (name == "regr_sxy") {
      text = "CASE WHEN {0}_n > 0 THEN {0}_xy END";
    } else if (name == "regr_slope") {
      text = "CASE WHEN {0}_n > 0 THEN " + slope + " END";
    } else if (name == "regr_intercept") {
      text = "CASE WHEN {0}_n > 0 AND {0}_xx <> 0 THEN {0}_y - {0}_x * " + slope + " END";
    } else {
      text =
          "CASE WHEN {0}_n > 0 AND {0}_xx <> 0 THEN CASE WHEN {0}_yy = 0 THEN 1 ELSE {0}_xy * {0}_xy / "
          "({0}_xx * {0}_yy) END END";
    }
    return fmt::format(fmt::runtime(text), m);
  }
  return std::nullopt;
}

// Aggregates that pick a row: min or max over a record that begins with what decides.
std::optional<std::string> AggregatePlanner::plan_by_order(const Expr& call) {
  const std::string& name = call.name;
  if (!call.order_by.empty()) return std::nullopt;
  const bool is_first = is_one_of(name, {"first", "any_value", "arbitrary"});
  if ((is_first || name == "last") && call.children.size() == 1) {
    if (!has_order_) return refuse(fmt::format("{} depends on an order that cannot be told here", name));
    needs_order_ = true;
    raise_class(ViewClass::algebraic);
    const std::string x = argument(call, 0);
    const std::string f = filter(call);
    const char* pick = is_first ? "min" : "max";
    const std::string clause = name == "any_value" ? filter_clause(f, x + " IS NOT NULL") : filter_clause(f);
    const std::string s =
        state(fmt::format("{}(struct_pack(o := {}, v := {})){}", pick, order_name, x, clause),
              fmt::format("{}({{0}})", pick));
    return fmt::format("struct_extract({}, 'v')", s);
  }
  const bool is_max = is_one_of(name, {"arg_max", "argmax", "max_by"});
  if ((is_max || is_one_of(name, {"arg_min", "argmin", "min_by"})) && call.children.size() == 2) {
    if (!has_order_)
      return refuse(fmt::format("ties of {} depend on an order that cannot be told here", name));
    needs_order_ = true;
    raise_class(ViewClass::algebraic);
    const std::string x = argument(call, 0);
    const std::string by = argument(call, 1);
    const std::string s = state(
        fmt::format("{}(struct_pack(b := {}, o := {}{}, v := {})){}", is_max ? "max" : "min", by,
                    is_max ? "-" : "", order_name, x,
                    filter_clause(filter(call), fmt::format("{} IS NOT NULL AND {} IS NOT NULL", x, by))),
        fmt::format("{}({{0}})", is_max ? "max" : "min"));
    return fmt::format("struct_extract({}, 'v')", s);
  }
  return std::nullopt;
}

AggregatePlanner::Values& AggregatePlanner::values(const std::string& argument, const std::string& filter,
                                                   bool is_list, std::vector<std::string> order_columns) {
  for (Values& known : values_) {
    if (known.argument == argument && known.filter == filter && known.is_list == is_list &&
        known.order_columns == order_columns) {
      return known;
    }
  }
  Values added;
  added.name = fmt::format("{}{}", is_list ? "list" : "values", values_.size());
  added.argument = argument;
  added.filter = filter;
  added.is_list = is_list;
  added.order_columns = std::move(order_columns);
  values_.push_back(std::move(added));
  return values_.back();
}

std::string AggregatePlanner::final_value(Values& values, const std::string& expression) {
  for (const auto& [name, known] : values.finals) {
    if (known == expression) return name;
  }
  values.finals.emplace_back(fmt::format("d{}", finals_++), expression);
  return values.finals.back().first;
}

std::optional<std::string> AggregatePlanner::plan_holistic(const Expr& call, const AggregateTypes& types) {
  const std::string& name = call.name;
  const std::string type = types.arguments.empty() ? "" : types.arguments[0];
  if (is_one_of(name, {"list", "array_agg", "string_agg", "group_concat", "listagg"}) && !call.is_distinct &&
      !call.children.empty()) {
    if (!has_order_) return refuse(fmt::format("{} depends on an order that cannot be told here", name));
    if (call.children.size() > 2 ||
        (call.children.size() == 2 && call.children[1].kind != Expr::Kind::constant)) {
      return refuse(fmt::format("the separator of {} is not a constant", name));
    }
    needs_order_ = true;
    raise_class(ViewClass::holistic);
    std::vector<std::string> order_columns;
    std::string order;
    for (const auto& item : call.order_by) {
      order_columns.push_back(rows_.add(*item.expr, "a"));
      sql::OrderItem over_state = item;
      over_state.expr = sql::column(fmt::format("o{}", order_columns.size() - 1));
      order += sql::to_sql(over_state) + ", ";
    }
    Values& part = values(argument(call, 0), filter(call), true, std::move(order_columns));
    const std::string separator = call.children.size() == 2 ? ", " + sql::to_sql(call.children[1]) : "";
    return final_value(part, fmt::format("{}(v{} ORDER BY {}{})", name, separator, order, order_name));
  }
  if (!call.order_by.empty())
    return refuse(fmt::format("{} with ORDER BY is computed when the view is read", name));
  if (name == "mode" && call.children.size() == 1) {
    if (!has_order_) return refuse("ties of mode depend on an order that cannot be told here");
    needs_order_ = true;
    raise_class(ViewClass::holistic);
    Values& part = values(argument(call, 0), filter(call), false);
    part.has_first = true;
    return final_value(part, "struct_extract(max(struct_pack(n := n, o := -o, v := v)), 'v')");
  }
  if (call.is_distinct && call.children.size() == 1 &&
      is_one_of(name, {"count", "sum", "avg", "mean", "favg", "fsum"})) {
    raise_class(ViewClass::holistic);
    Values& part = values(argument(call, 0), filter(call), false);
    if (name == "count") return fmt::format("coalesce({}, 0)", final_value(part, "count(v)"));
    const std::string over_values = is_floating_type(type) && name == "sum" ? "fsum" : name;
    return final_value(part, fmt::format("{}(v)", over_values));
  }
  const bool is_median = name == "median" && call.children.size() == 1;
  const bool is_quantile =
      is_one_of(name, {"quantile_cont", "quantile_disc", "quantile"}) && call.children.size() == 2;
  if ((is_median || is_quantile) && !call.is_distinct) {
    const std::optional<double> q = is_median ? 0.5 : constant_quantile(call.children[1]);
    if (!q) return refuse(fmt::format("{} with a quantile that is not one constant between 0 and 1", name));
    const bool is_interpolated = is_median || name == "quantile_cont";
    if (is_interpolated && !is_integer_type(type) && !is_floating_type(type)) {
      return refuse(fmt::format("{} of {} is computed when the view is read", name, type));
    }
    raise_class(ViewClass::holistic);
    Values& part = values(argument(call, 0), filter(call), false);
    part.needs_cumulative = true;
    if (!is_interpolated) {
      // Index as in DuckDB's discrete quantile: max(1, n - floor(n - q·n)) - 1.
      return final_value(
          part,
          fmt::format(
              "min(v) FILTER (WHERE up_to > greatest(1, total - floor(total - {}::DOUBLE * total)) - 1)",
              *q));
    }
    const std::string at = fmt::format("((total - 1) * {}::DOUBLE)", *q);
    const std::string low =
        final_value(part, fmt::format("min(v) FILTER (WHERE up_to > floor({}))::DOUBLE", at));
    const std::string high =
        final_value(part, fmt::format("min(v) FILTER (WHERE up_to > ceil({}))::DOUBLE", at));
    const std::string position = final_value(part, fmt::format("any_value({})", at));
    return fmt::format("({0} + ({1} - {0}) * ({2} - floor({2})))", low, high, position);
  }
  return refuse(fmt::format("{} has no mergeable state: it is computed when the view is read", name));
}

std::vector<StatePart> AggregatePlanner::parts() const {
  std::vector<StatePart> all;
  const std::string keys = joined(keys_);
  const auto list = [&](const std::string& columns) {
    return keys.empty() ? columns : columns.empty() ? keys : keys + ", " + columns;
  };
  if (!keys_.empty() || !states_.empty() || !moments_.empty() || values_.empty()) {
    StatePart main;
    main.name = "main";
    main.keys = keys_;
    std::string partial;
    std::string merge;
    std::string windows;
    const auto separate = [](std::string& text) { text += text.empty() ? "" : ", "; };
    for (const State& state : states_) {
      separate(partial);
      separate(merge);
      partial += fmt::format("{} AS {}", state.partial, state.name);
      merge += fmt::format("{} AS {}", fmt::format(fmt::runtime(state.merge), state.name), state.name);
    }
    for (const Moments& moments : moments_) {
      separate(partial);
      separate(merge);
      separate(windows);
      const std::string& m = moments.prefix;
      std::string text = moments.partial;
      for (size_t at = text.find('@'); at != std::string::npos; at = text.find('@')) text.replace(at, 1, m);
      partial += text;
      // The common mean; exactly the mean itself where all states agree, so that constants have no variance.
      const std::string mean =
          "CASE WHEN min({1}) OVER w = max({1}) OVER w THEN min({1}) OVER w ELSE fsum({0}_n * {1}) OVER w / "
          "sum({0}_n) OVER w END AS {1}_all";
      if (moments.is_pair) {
        windows += fmt::format(fmt::runtime(mean), m, m + "_x") + ", " +
                   fmt::format(fmt::runtime(mean), m, m + "_y");
        merge += fmt::format(
            "coalesce(sum({0}_n), 0)::BIGINT AS {0}_n, any_value({0}_x_all) AS {0}_x, any_value({0}_y_all) "
            "AS {0}_y, "
            "coalesce(fsum({0}_xx + {0}_n * coalesce(({0}_x - {0}_x_all) * ({0}_x - {0}_x_all), 0)), 0) AS "
            "{0}_xx, "
            "coalesce(fsum({0}_yy + {0}_n * coalesce(({0}_y - {0}_y_all) * ({0}_y - {0}_y_all), 0)), 0) AS "
            "{0}_yy, "
            "coalesce(fsum({0}_xy + {0}_n * coalesce(({0}_x - {0}_x_all) * ({0}_y - {0}_y_all), 0)), 0) AS "
            "{0}_xy",
            m);
      } else {
        windows += fmt::format(fmt::runtime(mean), m, m + "_mean");
        merge += fmt::format(
            "coalesce(sum({0}_n), 0)::BIGINT AS {0}_n, any_value({0}_mean_all) AS {0}_mean, "
            "coalesce(fsum({0}_m2 + {0}_n * coalesce(({0}_mean - {0}_mean_all) * ({0}_mean - {0}_mean_all), "
            "0)), 0) AS {0}_m2",
            m);
      }
    }
    if (states_.empty() && moments_.empty() && keys_.empty()) partial = merge = "1 AS one";
    main.partial = fmt::format("SELECT {} FROM anabranch.rows{}", list(partial), group_by(keys_));
    const std::string states = windows.empty()
                                   ? "anabranch.states"
                                   : fmt::format("(SELECT *, {} FROM anabranch.states WINDOW w AS ({}))",
                                                 windows, partition_by(keys_));
    main.merge = fmt::format("SELECT {} FROM {}{}", list(merge), states, group_by(keys_));
    all.push_back(std::move(main));
  }
  for (const Values& values : values_) {
    StatePart part;
    part.name = values.name;
    part.keys = keys_;
    if (values.is_list) {
      std::string order;
      for (size_t i = 0; i < values.order_columns.size(); ++i)
        order += fmt::format(", {} AS o{}", values.order_columns[i], i);
      part.partial = fmt::format("SELECT {} FROM anabranch.rows{}",
                                 list(fmt::format("{} AS v{}, {}", values.argument, order, order_name)),
                                 values.filter.empty() ? "" : " WHERE " + values.filter);
      part.merge = "SELECT * FROM anabranch.states";
      part.is_combining = false;
    } else {
      part.keys.push_back("v");
      const std::string first = values.has_first ? fmt::format(", min({}) AS o", order_name) : "";
      const std::string merge_first = values.has_first ? ", min(o) AS o" : "";
      part.partial = fmt::format("SELECT {} FROM anabranch.rows WHERE {}{} IS NOT NULL GROUP BY {}",
                                 list(fmt::format("{} AS v, count(*) AS n{}", values.argument, first)),
                                 values.filter.empty() ? "" : values.filter + " AND ", values.argument,
                                 list(values.argument));
      part.merge = fmt::format("SELECT {} FROM anabranch.states GROUP BY {}",
                               list("v, sum(n)::BIGINT AS n" + merge_first), list("v"));
    }
    part.summary = summary(values);
    all.push_back(std::move(part));
  }
  return all;
}

std::string AggregatePlanner::summary(const Values& values) const {
  std::string finals = joined(keys_);
  for (const auto& [name, expression] : values.finals) {
    finals += fmt::format("{}{} AS {}", finals.empty() ? "" : ", ", expression, name);
  }
  std::string source = sql::relation(values.name);
  if (values.needs_cumulative) {
    source =
        fmt::format("(SELECT *, sum(n) OVER ({0} ORDER BY v) AS up_to, sum(n) OVER ({0}) AS total FROM {1})",
                    partition_by(keys_), source);
  }
  return fmt::format("SELECT {} FROM {}{}", finals, source, group_by(keys_));
}

std::string AggregatePlanner::from() const {
  const bool has_main = !keys_.empty() || !states_.empty() || !moments_.empty() || values_.empty();
  if (values_.empty()) return "anabranch.main";
  std::vector<std::string> columns;
  for (const State& state : states_) columns.push_back(state.name);
  for (const Moments& moments : moments_) {
    for (const char* suffix : {"_n", "_mean", "_m2"}) {
      if (!moments.is_pair) columns.push_back(moments.prefix + suffix);
    }
    for (const char* suffix : {"_n", "_x", "_y", "_xx", "_yy", "_xy"}) {
      if (moments.is_pair) columns.push_back(moments.prefix + suffix);
    }
  }
  const size_t main_columns = columns.size();
  for (const Values& values : values_) {
    for (const auto& [name, expression] : values.finals) columns.push_back(name);
  }
  // Each part gives its own columns and NULL for the others; one row a group is put together above, so that a
  // filter on a key reaches every part.
  const auto padded = [&](size_t begin, size_t count) {
    std::string text = joined(keys_);
    for (size_t i = 0; i < columns.size(); ++i) {
      if (!text.empty()) text += ", ";
      text += i >= begin && i < begin + count ? columns[i] : "NULL AS " + columns[i];
    }
    return text;
  };
  std::string parts;
  if (has_main) parts = fmt::format("SELECT {} FROM anabranch.main", padded(0, main_columns));
  size_t begin = main_columns;
  for (const Values& values : values_) {
    parts += fmt::format("{}SELECT {} FROM anabranch.\"{}.summary\"", parts.empty() ? "" : " UNION ALL ",
                         padded(begin, values.finals.size()), values.name);
    begin += values.finals.size();
  }
  std::string picked = joined(keys_);
  for (const std::string& column : columns) {
    picked += fmt::format("{}any_value({}) AS {}", picked.empty() ? "" : ", ", column, column);
  }
  return fmt::format("(SELECT {} FROM ({}){})", picked, parts, group_by(keys_));
}

bool depends_on_order(const Expr& call) {
  return is_one_of(call.name, {"first", "last", "any_value", "arbitrary", "list", "array_agg", "string_agg",
                               "group_concat", "listagg", "mode", "arg_max", "arg_min", "argmax", "argmin",
                               "max_by", "min_by"});
}

Expr with_order(const Expr& call, const std::string& order) {
  if (!depends_on_order(call) || call.is_distinct) return call;
  const std::string filter = call.filter ? sql::to_sql(*call.filter) : "";
  const auto only_if = [&](const std::string& more) {
    const std::string both = filter.empty() ? more : more.empty() ? filter : "(" + filter + ") AND " + more;
    return both.empty() ? "" : fmt::format(" FILTER (WHERE {})", both);
  };
  const std::string x = call.children.empty() ? "" : sql::to_sql(call.children[0]);
  Expr out = call;
  if (is_one_of(call.name, {"first", "any_value", "arbitrary", "last"}) && call.order_by.empty()) {
    out = sql::text_expr(fmt::format("struct_extract({}(struct_pack(v := {}), {}){}, 'v')",
                                     call.name == "last" ? "arg_max" : "arg_min", x, order,
                                     only_if(call.name == "any_value" ? "(" + x + ") IS NOT NULL" : "")));
  } else if (is_one_of(call.name, {"arg_max", "argmax", "max_by", "arg_min", "argmin", "min_by"}) &&
             call.children.size() == 2) {
    const bool is_max = call.name.find("max") != std::string::npos;
    const std::string by = sql::to_sql(call.children[1]);
    out = sql::text_expr(fmt::format("struct_extract({}(struct_pack(b := {}, o := {}({}), v := {})){}, 'v')",
                                     is_max ? "max" : "min", by, is_max ? "-" : "", order, x,
                                     only_if(fmt::format("({}) IS NOT NULL AND ({}) IS NOT NULL", x, by))));
  } else if (call.children.size() <= 2) {
    sql::OrderItem item;
    item.expr = sql::text_expr(order);
    out.order_by.push_back(std::move(item));
  }
  out.alias = call.alias;
  return out;
}

}  // namespace anabranch::views
