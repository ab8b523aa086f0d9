// Aggregates over the different values of a group and how many rows have each: exact, and still mergeable.

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "base/join.h"
#include "base/mistake.h"
#include "views/maintain/aggregate_clauses.h"
#include "views/maintain/aggregates.h"
#include "views/maintain/interpolation.h"

namespace anabranch::views {

using sql::Expr;

AggregatePlanner::Values& AggregatePlanner::shared(Values added) {
  for (Values& known : values_) {
    if (known.arguments == added.arguments && known.filter == added.filter &&
        known.is_list == added.is_list && known.keeps_null == added.keeps_null &&
        known.order_columns == added.order_columns && known.row_limit == added.row_limit &&
        known.sort == added.sort) {
      return known;
    }
  }
  added.name = fmt::format("{}{}", added.is_list ? "list" : "values", values_.size());
  values_.push_back(std::move(added));
  return values_.back();
}

AggregatePlanner::Values& AggregatePlanner::values(std::vector<std::string> arguments,
                                                   const std::string& filter, bool keeps_null) {
  Values added;
  added.arguments = std::move(arguments);
  added.filter = filter;
  added.keeps_null = keeps_null;
  return shared(std::move(added));
}

AggregatePlanner::Values& AggregatePlanner::list(std::vector<std::string> arguments,
                                                 const std::string& filter,
                                                 std::vector<std::string> order_columns, int64_t row_limit,
                                                 const std::string& sort) {
  Values added;
  added.arguments = std::move(arguments);
  added.filter = filter;
  added.is_list = true;
  added.order_columns = std::move(order_columns);
  added.row_limit = row_limit;
  added.sort = sort;
  return shared(std::move(added));
}

std::string AggregatePlanner::final_value(Values& values, const std::string& expression) {
  for (const auto& [name, known] : values.finals) {
    if (known == expression) return name;
  }
  values.finals.emplace_back(fmt::format("d{}", finals_++), expression);
  return values.finals.back().first;
}

// The part's rows, with what its finals need beside them.
std::string AggregatePlanner::source(const Values& values) const {
  std::string rows = sql::relation(values.name);
  const std::string group = partition_by(keys_);
  const auto with = [&](const std::string& columns) {
    rows = fmt::format("(SELECT *, {} FROM {})", columns, rows);
  };
  if (values.needs_rank || values.needs_total) {
    with(fmt::format("sum(n) OVER ({}) AS total", group) +
         (values.needs_rank ? fmt::format(", sum(n) OVER ({} ORDER BY v0) AS up_to", group) : ""));
  }
  if (!values.middle.empty()) {
    with(fmt::format(fmt::runtime(values.middle), group) + " AS middle");
    with(values.distance + " AS distance");
    with(fmt::format("sum(n) OVER ({} ORDER BY distance) AS near", group));
  }
  if (values.needs_centred) {
    // From the least value first: what is left is small, and its mean exact.
    with(fmt::format("v0::DOUBLE - (min(v0) OVER ({})) AS above", group));
    with(fmt::format("above - fsum(n * above) OVER ({0}) / sum(n) OVER ({0}) AS centred", group));
  }
  return rows;
}

AggregatePlanner::Final AggregatePlanner::plan_distinct(const Expr& call, const AggregateTypes& types) {
  const std::string& name = call.name;
  if (call.children.empty() || name == "mode")
    return refuse(fmt::format("{} of different values is computed when the view is read", name));
  raise_class(ViewClass::holistic);
  // A row value is its columns.
  const Expr& first = call.children[0];
  if (name == "count" && call.children.size() == 1 && first.kind == Expr::Kind::call && first.name == "row" &&
      !first.children.empty()) {
    std::vector<std::string> columns;
    for (size_t i = 0; i < first.children.size(); ++i) columns.push_back(argument(first, i));
    const std::string f = filter(call);
    Values& part = values(std::move(columns), f, true);
    return fmt::format("coalesce({}, 0)", final_value(part, "count(*)"));
  }
  std::vector<std::string> columns;
  std::string arguments;
  std::vector<std::pair<const Expr*, std::string>> inputs;
  for (size_t i = 0; i < call.children.size(); ++i) {
    const Expr& child = call.children[i];
    std::string text;
    if (i > 0 && (constant_text(child) || (child.kind == Expr::Kind::call && child.name == "list_value"))) {
      Expr bare = child;
      bare.alias.clear();
      text = sql::to_sql(bare);
    } else {
      text = fmt::format("v{}", columns.size());
      inputs.emplace_back(&child, text);
      columns.push_back(argument(call, i));
    }
    arguments += (i ? ", " : "") + text;
  }
  std::string order;
  if (is_one_of(name, {"list", "string_agg"})) {
    for (const sql::OrderItem& item : call.order_by) {
      std::string column;
      for (const auto& [input, text] : inputs) {
        if (sql::same_expr(*input, *item.expr)) column = text;
      }
      if (column.empty()) return refuse("the order of different values is by something else than they");
      order += fmt::format("{}{} {}", order.empty() ? " ORDER BY " : ", ", column, sort_direction(item));
    }
    if (order.empty()) order = " ORDER BY v0 ASC NULLS LAST";
  }
  const std::string f = filter(call);
  Values& part = values(std::move(columns), f, name == "list");
  if (name == "count") {
    return fmt::format("coalesce({}, 0)", final_value(part, fmt::format("count({})", arguments)));
  }
  if (is_one_of(name, {"sum", "avg"}) && call.children.size() == 1) {
    const std::string& type = types.arguments.at(0);
    if (is_integer_type(type) || decimal_type(type) || is_floating_type(type) || type == "UHUGEINT") {
      const Keep keep = [&](const std::string& partial, const std::string&) {
        return final_value(part, partial);
      };
      const Sum of = sum("v0", type, "", keep);
      return name == "sum" ? of.total
                           : fmt::format("({}) / {}", of.as_double, final_value(part, "count(v0)"));
    }
  }
  const std::string value = final_value(part, fmt::format("{}({}{})", name, arguments, order));
  part.is_fallible =
      part.is_fallible || !is_one_of(name, {"list", "string_agg", "fsum", "favg", "median", "quantile_cont",
                                            "quantile_disc", "entropy", "histogram", "count_if", "product"});
  return name == "entropy" ? fmt::format("coalesce({}, 0)", value) : value;
}

// A quantile as written: its digits and its sign.
namespace {

struct Quantile {
  std::string text;  // without sign
  bool is_descending = false;
  std::string digits;  // of a decimal: 0.55 is 55 hundredths
  int scale = 0;
};

std::optional<Quantile> quantile_of(const Expr& expr) {
  const auto text = constant_text(expr);
  if (!text || text->empty()) return std::nullopt;
  Quantile found;
  found.text = *text;
  if (found.text[0] == '-') {
    found.is_descending = true;
    found.text.erase(0, 1);
  }
  char* end = nullptr;
  const double value = std::strtod(found.text.c_str(), &end);
  if (found.text.empty() || *end != '\0' || !(value >= 0 && value <= 1)) return std::nullopt;
  // -0.0 is not less than 0.
  if (value == 0) found.is_descending = false;
  if (found.text.find_first_not_of("0123456789.") == std::string::npos) {
    const size_t point = found.text.find('.');
    found.scale = point == std::string::npos ? 0 : static_cast<int>(found.text.size() - point - 1);
    found.digits = found.text;
    if (point != std::string::npos) found.digits.erase(point, 1);
  }
  return found;
}

}  // namespace

AggregatePlanner::Final AggregatePlanner::plan_quantile(const Expr& call, const AggregateTypes& types) {
  const std::string& name = call.name;
  const bool is_median = name == "median" && call.children.size() == 1;
  if (!is_median && !(is_one_of(name, {"quantile_cont", "quantile_disc"}) && call.children.size() == 2))
    return std::nullopt;
  const std::string& type = types.arguments.at(0);
  std::vector<Quantile> quantiles;
  bool is_list = false;
  bool is_decimal = true;
  if (is_median) {
    quantiles.push_back({"0.5", false, "5", 1});
  } else {
    const Expr& second = call.children[1];
    is_list = second.kind == Expr::Kind::call && second.name == "list_value";
    is_decimal = types.arguments.at(1).starts_with("DECIMAL");
    for (const Expr& each : is_list ? second.children : std::vector<Expr>{second}) {
      auto found = quantile_of(each);
      if (!found) {
        return refuse(fmt::format("{} with a quantile that is not a constant between 0 and 1", name));
      }
      quantiles.push_back(std::move(*found));
    }
    // One below 0 turns all of them round.
    const bool is_descending = std::any_of(quantiles.begin(), quantiles.end(),
                                           [](const Quantile& each) { return each.is_descending; });
    for (Quantile& each : quantiles) each.is_descending = is_descending;
    if (quantiles.empty()) return refuse(fmt::format("{} without a quantile", name));
  }
  const std::string result = is_list ? types.result.substr(0, types.result.rfind('[')) : types.result;
  const auto interpolation = interpolation_of(type, result);
  const bool is_interpolated = name == "quantile_cont" || (is_median && is_continuous(type));
  if (is_interpolated && !interpolation)
    return refuse(fmt::format("{} of {} is computed when the view is read", name, type));
  raise_class(ViewClass::holistic);
  Values& part = values({argument(call, 0)}, filter(call));
  part.needs_rank = true;
  const auto at = [&](const Quantile& quantile, const std::string& index) {
    return quantile.is_descending
               ? fmt::format("max(v0) FILTER (WHERE total - up_to + n > {})", index)
               : fmt::format("min(v0) FILTER (WHERE up_to {} {})",
                             is_planted("quantiles are off by one rank") ? ">=" : ">", index);
  };
  std::vector<std::string> picked;
  for (const Quantile& quantile : quantiles) {
    if (!is_interpolated) {
      // The engine's index, in whole numbers where the quantile is a decimal.
      const std::string floored =
          is_decimal && !quantile.digits.empty()
              ? fmt::format("(total * {0} - total * {1}::HUGEINT) // {0}",
                            power_of_ten(quantile.scale) + "::HUGEINT", quantile.digits)
              : fmt::format("floor(total::DOUBLE - total::DOUBLE * {}::DOUBLE)::HUGEINT", quantile.text);
      picked.push_back(
          final_value(part, at(quantile, fmt::format("greatest(1, total - ({})) - 1", floored))));
      continue;
    }
    const std::string position = fmt::format("((total - 1)::DOUBLE * {}::DOUBLE)", quantile.text);
    const std::string low = final_value(part, at(quantile, fmt::format("floor({})", position)));
    const std::string high = final_value(part, at(quantile, fmt::format("ceil({})", position)));
    const std::string share = final_value(part, fmt::format("any_value({0} - floor({0}))", position));
    picked.push_back(derive(0, interpolate(*interpolation, low, high, share)));
  }
  if (!is_list) return picked[0];
  return fmt::format("CASE WHEN {} IS NOT NULL THEN [{}] END", picked[0], join(picked));
}

AggregatePlanner::Final AggregatePlanner::plan_counted(const Expr& call, const AggregateTypes& types) {
  const std::string& name = call.name;
  if (call.children.size() != 1) return std::nullopt;
  const std::string& type = types.arguments.at(0);
  const auto counted = [&]() -> Values& {
    raise_class(ViewClass::holistic);
    return values({argument(call, 0)}, filter(call));
  };
  if (name == "mode") {
    if (!call.order_by.empty()) {
      if (call.order_by.size() != 1 || !sql::same_expr(*call.order_by[0].expr, call.children[0]))
        return refuse("mode with an order that is not its own is computed when the view is read");
      return final_value(
          counted(),
          fmt::format(
              "struct_extract(min(struct_pack(n := -n, o := create_sort_key(v0, '{}'), v := v0)), 'v')",
              sort_direction(call.order_by[0])));
    }
    if (!has_order_) return refuse("ties of mode depend on an order that cannot be told here");
    needs_order_ = true;
    Values& part = counted();
    part.has_first = true;
    return final_value(part, fmt::format("struct_extract(max(struct_pack(n := n, o := {}o, v := v0)), 'v')",
                                         is_planted("ties of mode by the wrong end") ? "" : "-"));
  }
  if (name == "histogram") {
    return final_value(counted(),
                       "map_from_entries(list(struct_pack(k := v0, v := n::UBIGINT) ORDER BY v0))");
  }
  if (name == "entropy") {
    Values& part = counted();
    part.needs_total = true;
    return fmt::format("coalesce({}, 0)", final_value(part, "sum(n / total * log2(total / n))"));
  }
  if (name == "mad") {
    const auto interpolation = interpolation_of(type, middle_type(type));
    if (!interpolation) return refuse(fmt::format("mad of {} is computed when the view is read", type));
    Values& part = counted();
    part.needs_rank = true;
    part.is_fallible = true;
    const std::string position = "((total - 1)::DOUBLE * 0.5::DOUBLE)";
    const std::string window = "min(v0) FILTER (WHERE up_to > {0}({1})) OVER ({{0}})";
    part.middle = interpolate(*interpolation, fmt::format(fmt::runtime(window), "floor", position),
                              fmt::format(fmt::runtime(window), "ceil", position),
                              fmt::format("({0} - floor({0}))", position));
    part.distance = distance(*interpolation, "v0", "middle");
    const std::string at = "min(distance) FILTER (WHERE near > {}({}))";
    const std::string low = final_value(part, fmt::format(fmt::runtime(at), "floor", position));
    const std::string high = final_value(part, fmt::format(fmt::runtime(at), "ceil", position));
    const std::string share = final_value(part, fmt::format("any_value({0} - floor({0}))", position));
    return derive(0, interpolate_distance(*interpolation, low, high, share));
  }
  if (is_one_of(name, {"skewness", "kurtosis", "kurtosis_pop"})) {
    Values& part = counted();
    part.needs_centred = true;
    const std::string n = final_value(part, "sum(n)::DOUBLE");
    const std::string m2 = final_value(part, "fsum(n * centred * centred)");
    if (name == "skewness") {
      const std::string m3 = final_value(part, "fsum(n * centred * centred * centred)");
      const std::string value = derive(
          0,
          fmt::format("CASE WHEN {0} > 2 AND {1} <> 0 THEN sqrt({0} * ({0} - 1)) / ({0} - 2) * ({2} / {0}) / "
                      "pow({1} / {0}, 1.5) END",
                      n, m2, m3));
      return fmt::format("CASE WHEN {} > 2 AND {} = 0 THEN 'NaN'::DOUBLE ELSE {} END", n, m2,
                         finite_or_error(value, "SKEW"));
    }
    const std::string m4 = final_value(part, "fsum(n * centred * centred * centred * centred)");
    const std::string ratio = fmt::format("({2} / {0}) / (({1} / {0}) * ({1} / {0}))", n, m2, m4);
    const std::string value = derive(
        0,
        name == "kurtosis"
            ? fmt::format("CASE WHEN {0} > 3 AND {1} <> 0 THEN ({0} - 1) * (({0} + 1) * {2} - 3 * ({0} - 1)) "
                          "/ (({0} - 2) * ({0} - 3)) END",
                          n, m2, ratio)
            : fmt::format("CASE WHEN {0} > 1 AND {1} <> 0 THEN {2} - 3 END", n, m2, ratio));
    return finite_or_error(value, "Kurtosis");
  }
  // Bit strings of different lengths do not go together; that is said when they are read.
  if (is_one_of(name, {"bit_and", "bit_or", "bit_xor"}) && type == "BIT") {
    Values& part = counted();
    part.is_fallible = true;
    return final_value(part, name == "bit_xor" ? "bit_xor(CASE WHEN n % 2 = 1 THEN v0 ELSE xor(v0, v0) END)"
                                               : fmt::format("{}(v0)", name));
  }
  return std::nullopt;
}

}  // namespace anabranch::views
