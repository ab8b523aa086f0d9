#include "sql/ordered_expression.h"

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "sql/order_dependence.h"
#include "sql/parser.h"
#include "sql/row_sight.h"

namespace anabranch::sql {
namespace {

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Expr other(std::string name, std::vector<Expr> children) {
  Expr out;
  out.kind = Expr::Kind::other;
  out.name = std::move(name);
  out.children = std::move(children);
  return out;
}

bool is_list_of_values(std::string_view name) {
  return is_one_of(name, {"list", "array_agg", "string_agg", "group_concat", "listagg", "json_group_array"});
}

// arg_max(x, by, n): the engine takes any of those that are ties; a list has them in order.
Expr first_rows(const Expr& call, const std::vector<OrderItem>& rows) {
  Expr where =
      other("and", {other("is_not_null", {call.children[0]}), other("is_not_null", {call.children[1]})});
  if (call.filter) where.children.push_back(*call.filter);
  Expr all = sql::call("list", {call.children[0]});
  OrderItem by;
  by.expr = call.children[1];
  by.is_descending = call.name.find("max") != std::string::npos;
  all.order_by.push_back(std::move(by));
  append(all.order_by, rows);
  all.filter = std::move(where);
  return sql::call("list_slice", {std::move(all), text_expr("1"), call.children[2]});
}

struct Macro {
  std::vector<std::string> parameters;
  Expr body;
};

// As the engine's catalogue has them: within a macro no order can be written.
const Macro* find_macro(const Expr& node) {
  static const std::map<std::string, Macro, std::less<>> macros = [] {
    const auto body = [](const char* text) { return parse_select(text)->items[0]; };
    const char* array =
        "SELECT CAST('[' || string_agg(CASE WHEN x IS NULL THEN 'null'::JSON ELSE to_json(x) END, ',') || "
        "']' "
        "AS JSON)";
    const char* structure =
        "SELECT json_structure(CAST('[' || string_agg(CASE WHEN x IS NULL THEN 'null'::JSON ELSE to_json(x) "
        "END, ',') || ']' AS JSON))->0";
    const char* object =
        "SELECT CAST('{' || string_agg(CASE WHEN n IS NULL THEN error('json_group_object key cannot be "
        "NULL') "
        "ELSE to_json(n::VARCHAR) END || ':' || CASE WHEN v IS NULL THEN 'null'::JSON ELSE to_json(v) END, "
        "',') || '}' AS JSON)";
    return std::map<std::string, Macro, std::less<>>{{"json_group_array", {{"x"}, body(array)}},
                                                     {"json_group_structure", {{"x"}, body(structure)}},
                                                     {"json_group_object", {{"n", "v"}, body(object)}}};
  }();
  const auto found = macros.find(node.name);
  const bool is_plain = !node.is_distinct && !node.filter && node.order_by.empty();
  if (found == macros.end() || !is_plain || found->second.parameters.size() != node.children.size())
    return nullptr;
  return &found->second;
}

Expr expanded(const Macro& macro, const std::vector<Expr>& arguments) {
  return rewrite(macro.body, [&](const Expr& node) -> Box<Expr> {
    for (size_t i = 0; i < macro.parameters.size(); ++i) {
      if (node.kind == Expr::Kind::column && node.path == std::vector{macro.parameters[i]})
        return arguments[i];
    }
    return {};
  });
}

std::string sort_direction(const OrderItem& item) {
  const bool is_first = item.nulls == OrderItem::Nulls::first;
  return fmt::format("'{} NULLS {}'", item.is_descending ? "DESC" : "ASC", is_first ? "FIRST" : "LAST");
}

// arg_max(x, by): the first one of those that are ties, without all rows being sorted.
Expr first_row(const Expr& call, const std::vector<OrderItem>& rows) {
  const Expr& by = call.children[1];
  const bool is_max = call.name.find("max") != std::string::npos;
  Expr key = sql::call("create_sort_key", {by, text_expr(is_max ? "'DESC NULLS LAST'" : "'ASC NULLS LAST'")});
  for (const OrderItem& row : rows) {
    key.children.push_back(*row.expr);
    key.children.push_back(text_expr(sort_direction(row)));
  }
  Expr out = call;
  out.name = "arg_min";
  out.children = {call.children[0], std::move(key)};
  out.is_distinct = false;
  out.filter = other("is_not_null", {by});
  if (call.filter) out.filter = other("and", {*call.filter, other("is_not_null", {by})});
  return out;
}

}  // namespace

bool is_aggregate_macro(std::string_view name) {
  return is_one_of(name, {"json_group_array", "json_group_object", "json_group_structure", "geomean",
                          "geometric_mean", "weighted_avg", "wavg"});
}

Expr with_order(const Expr& expr, const std::vector<OrderItem>& rows, const std::vector<OrderItem>& keys,
                const FunctionNames& aggregates) {
  return rewrite(expr, [&](const Expr& node) -> Box<Expr> {
    if (node.kind == Expr::Kind::window) {
      Expr window = node;
      for_each_child(window, [&](Expr& child) { child = with_order(child, rows, keys, aggregates); });
      switch (window_order(window)) {
        case WindowOrder::none:
          break;
        case WindowOrder::of_partition:
          append(window.over->order_by, keys);
          break;
        case WindowOrder::of_arguments:
          if (window.order_by.empty()) window.order_by = window.over->order_by;
          append(window.order_by, keys);
      }
      return window;
    }
    if (node.kind == Expr::Kind::call && !rows.empty()) {
      if (const Macro* macro = find_macro(node))
        return with_order(expanded(*macro, node.children), rows, keys, aggregates);
    }
    if (node.kind == Expr::Kind::call && aggregate_depends_on_order(node.name) &&
        aggregates.contains(node.name)) {
      Expr call = node;
      for (Expr& child : call.children) child = with_order(child, rows, keys, aggregates);
      if (call.children.empty()) return call;                  // WITHIN GROUP: its ORDER BY is the argument
      if (call.is_distinct && is_list_of_values(call.name)) {  // each value once has no place of its own
        if (call.order_by.empty()) call.order_by.push_back(order_by(call.children[0]));
        return call;
      }
      if (call.is_distinct && call.name == "mode") return call;
      if (call.children.size() == 3) return first_rows(call, rows);
      const bool is_plain_arg =
          is_one_of(call.name, {"arg_max", "argmax", "max_by", "arg_min", "argmin", "min_by"});
      if (is_plain_arg && call.children.size() == 2 && call.order_by.empty() && !rows.empty())
        return first_row(call, rows);
      call.is_distinct = false;  // which of several equal values is picked makes no difference
      append(call.order_by, rows);
      return call;
    }
    return {};
  });
}

}  // namespace anabranch::sql
