#include "sql/order_dependence.h"

#include <set>
#include <string>

namespace anabranch::sql {

namespace {

bool has_positional_join(const TableRef& table) {
  if (table.kind != TableRef::Kind::join) return false;
  return table.join_kind == TableRef::JoinKind::positional || has_positional_join(*table.left) ||
         has_positional_join(*table.right);
}

}  // namespace

bool aggregate_depends_on_order(std::string_view name) {
  static const std::set<std::string, std::less<>> names = {"any_value",
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
                                                           "first",
                                                           "group_concat",
                                                           "json_group_array",
                                                           "json_group_object",
                                                           "json_group_structure",
                                                           "last",
                                                           "list",
                                                           "listagg",
                                                           "max_by",
                                                           "min_by",
                                                           "mode",
                                                           "string_agg"};
  return names.contains(name);
}

WindowOrder window_order(const Expr& window) {
  // Their answer does not depend on a frame, so more keys change nothing but ties.
  static const std::set<std::string, std::less<>> by_row = {"row_number", "ntile", "lag", "lead"};
  if (window.is_distinct) return WindowOrder::none;
  if (by_row.contains(window.name)) return WindowOrder::of_partition;
  if (window.over && window.over->frame.units == "ROWS") return WindowOrder::of_partition;
  static const std::set<std::string, std::less<>> values = {"first_value", "last_value", "nth_value"};
  if (values.contains(window.name) || aggregate_depends_on_order(window.name))
    return WindowOrder::of_arguments;
  return WindowOrder::none;
}

bool depends_on_order(const Select& select) {
  bool is_so =
      select.limit || select.offset || !select.distinct_on.empty() || has_positional_join(select.from);
  visit_own_exprs(select, [&](const Expr& expr) {
    visit_expr(expr, [&](const Expr& node) {
      if (node.kind == Expr::Kind::window) is_so = is_so || window_order(node) != WindowOrder::none;
      if (node.kind == Expr::Kind::call) is_so = is_so || aggregate_depends_on_order(node.name);
      return !is_so;
    });
  });
  return is_so;
}

bool needs_order(const Select& select) {
  bool is_needed = false;
  visit_selects(select, [&](const Select& inner) { is_needed = is_needed || depends_on_order(inner); });
  return is_needed;
}

}  // namespace anabranch::sql
