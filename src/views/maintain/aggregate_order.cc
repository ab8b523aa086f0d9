// Aggregates whose result depends on the order of rows: those that pick a row, and lists.

#include <fmt/format.h>

#include "base/join.h"
#include "base/mistake.h"
#include "views/maintain/aggregate_clauses.h"
#include "views/maintain/aggregates.h"

namespace anabranch::views {

using sql::Expr;

namespace {

bool is_arg(std::string_view name) {
  return is_one_of(name, {"arg_min", "arg_max", "arg_min_null", "arg_max_null"});
}
bool is_descending(std::string_view name) { return name.starts_with("arg_max") || name == "max"; }

// Which rows count: "x IS NOT NULL AND y IS NOT NULL".
std::string rows_that_count(std::string_view name, const std::string& x, const std::string& by) {
  if (name == "any_value" && is_planted("any value may be NULL")) return "";
  if (name == "any_value" || name == "min" || name == "max") return x + " IS NOT NULL";
  if (name == "arg_min" || name == "arg_max") return x + " IS NOT NULL AND " + by + " IS NOT NULL";
  if (name == "arg_min_null" || name == "arg_max_null") return by + " IS NOT NULL";
  return "";
}

}  // namespace

// Min or max over a record that begins with what decides.
AggregatePlanner::Final AggregatePlanner::plan_picked(const Expr& call, const AggregateTypes&) {
  const std::string& name = call.name;
  const bool is_picked = is_one_of(name, {"first", "last", "any_value"}) && call.children.size() == 1;
  if (!is_picked && !(is_arg(name) && call.children.size() == 2)) return std::nullopt;
  if (!has_order_) return refuse(fmt::format("{} depends on an order that cannot be told here", name));
  needs_order_ = true;
  raise_class(ViewClass::algebraic);
  const std::string order = sql::quote_identifier(order_name);
  const std::string x = argument(call, 0);
  const std::string by = is_picked ? "" : argument(call, 1);
  const std::string which = rows_that_count(name, x, by);
  const std::string f = filter(call);
  const std::string clause = which.empty() ? filter_clause(f) : filter_clause(f, which);
  std::string pick = name == "last" && !is_planted("the last is the first") ? "max" : "min";
  std::string record;
  std::vector<std::pair<std::string, std::string>> keys;
  if (!is_picked) keys.emplace_back(by, is_descending(name) ? "DESC NULLS LAST" : "ASC NULLS LAST");
  const std::vector<std::string> orders = order_columns(call);
  for (size_t i = 0; i < orders.size(); ++i) keys.emplace_back(orders[i], sort_direction(call.order_by[i]));
  if (keys.empty()) {
    record = fmt::format("o := {}", order);
  } else if (!is_picked && orders.empty()) {
    pick = is_descending(name) ? "max" : "min";
    const bool takes_first = is_descending(name) && !is_planted("ties of arg_max by the wrong end");
    record = fmt::format("b := {}, o := {}{}", by, takes_first ? "-" : "", order);
  } else {
    record = fmt::format("o := {}", sort_key(keys));
  }
  const std::string s = state(fmt::format("{}(struct_pack({}, v := {})){}", pick, record, x, clause),
                              fmt::format("{}({{0}})", pick));
  return fmt::format("struct_extract({}, 'v')", s);
}

// The first n rows of each group: arg_max(x, y, n), max(x, n).
AggregatePlanner::Final AggregatePlanner::plan_first_rows(const Expr& call, const AggregateTypes&) {
  const std::string& name = call.name;
  const bool is_by_itself = is_one_of(name, {"min", "max"}) && call.children.size() == 2;
  if (!is_by_itself && !(is_arg(name) && call.children.size() == 3)) return std::nullopt;
  const auto count = constant_count(call.children.back());
  if (!count) return refuse(fmt::format("{} with a number of rows that is not a constant above 0", name));
  if (!has_order_) return refuse(fmt::format("ties of {} depend on an order that cannot be told here", name));
  needs_order_ = true;
  raise_class(ViewClass::holistic);
  const std::string x = argument(call, 0);
  const std::string by = is_by_itself ? x : argument(call, 1);
  const std::string which = rows_that_count(name, x, by);
  std::string condition = filter(call);
  if (!which.empty()) append_item(condition, which, " AND ");
  std::vector<std::string> columns{by};
  std::string sort = fmt::format("o0 {} NULLS LAST", is_descending(name) ? "DESC" : "ASC");
  for (const std::string& column : order_columns(call)) {
    sort += fmt::format(", o{} {}", columns.size(), sort_direction(call.order_by[columns.size() - 1]));
    columns.push_back(column);
  }
  sort += ", " + sql::quote_identifier(order_name);
  Values& part = list({x}, condition, std::move(columns), *count, sort);
  return final_value(part, fmt::format("list(v0 ORDER BY {})", sort));
}

AggregatePlanner::Final AggregatePlanner::plan_list(const Expr& call, const AggregateTypes&) {
  const std::string& name = call.name;
  if (!is_one_of(name, {"list", "string_agg"}) || call.children.empty()) return std::nullopt;
  if (!has_order_) return refuse(fmt::format("{} depends on an order that cannot be told here", name));
  if (call.children.size() > 2 || (call.children.size() == 2 && !constant_text(call.children[1])))
    return refuse(fmt::format("the separator of {} is not a constant", name));
  needs_order_ = true;
  raise_class(ViewClass::holistic);
  std::string order;
  for (size_t i = 0; i < call.order_by.size(); ++i)
    order += fmt::format("o{} {}, ", i, sort_direction(call.order_by[i]));
  const std::string x = argument(call, 0);
  const std::string f = filter(call);
  Values& part = list({x}, f, order_columns(call), 0, "");
  const std::string separator = call.children.size() == 2 ? ", " + *constant_text(call.children[1]) : "";
  return final_value(
      part, fmt::format("{}(v0{} ORDER BY {}{}{})", name, separator, order, sql::quote_identifier(order_name),
                        is_planted("lists go backwards") ? " DESC" : ""));
}

bool depends_on_order(const Expr& call) {
  const std::string name = first_name(call.name);
  return is_one_of(name, {"first", "last", "any_value", "list", "string_agg", "mode"}) || is_arg(name);
}

}  // namespace anabranch::views
