// The state is the rows: SELECT, WHERE, joins with tables, LIMIT.

#include <algorithm>

#include <fmt/format.h>

#include "views/functions.h"
#include "views/maintain/strategies.h"

namespace anabranch::views {

using sql::Expr;

Status plan_linear(PlanDraft& draft) {
  const sql::Select& select = draft.select;
  Plan& plan = draft.plan;
  const FromClause& from = draft.from;
  const bool has_ordered_window = std::any_of(select.order_by.begin(), select.order_by.end(),
                                              [](const auto& item) { return has_window(*item.expr); });
  if (has_ordered_window || std::any_of(select.items.begin(), select.items.end(), has_window)) {
    draft.refuse("SELECT", "a window over events needs all of them", draft.position_of_window());
    return {};
  }
  RowColumns rows;
  for (size_t i = 0; i < select.items.size(); ++i) rows.add_as(select.items[i], value_name(i));
  std::vector<std::string> orders;
  std::vector<PlanDraft::Shown> shown;
  for (const sql::OrderItem& item : select.order_by) {
    sql::OrderItem over_state = item;
    over_state.expr = sql::column(rows.add(*item.expr, "o"));
    orders.push_back(sql::to_sql(over_state));
    shown.push_back({sql::to_sql(*over_state.expr), over_state});
  }
  const bool is_limited = select.limit || select.offset;
  if (from.order) rows.add_as(sql::text_expr(*from.order), std::string(row_order));
  if (from.order) shown.push_back({std::string(row_order), {}});
  for (const sql::OrderItem& item : from.written_order) shown.push_back({rows.add(*item.expr, "o"), item});
  if (!from.order && is_limited) {
    draft.refuse("LIMIT", "which rows it takes depends on an order that cannot be told here", -1);
    return {};
  }
  StatePart main;
  main.name = "main";
  main.partial = "SELECT ";
  for (const auto& column : rows.columns())
    main.partial += (main.partial.size() > 7 ? ", " : "") + column.name;
  main.partial += " FROM anabranch.rows";
  if (!is_limited) {  // others read it, with where each row came from
    rows.add_as(sql::text_expr(from.partition), std::string(row_partition));
    rows.add_as(sql::text_expr(from.offset), std::string(row_offset));
  }
  if (!TRY(draft.finish_rows(rows))) return {};
  main.merge = "SELECT * FROM anabranch.states";
  main.is_combining = false;
  plan.parts.insert(plan.parts.begin(), std::move(main));
  if (!TRY(draft.type_parts())) return draft.give_up(), Status{};
  std::vector<std::string> ties;
  if (from.order) ties.push_back(std::string(row_order));
  TRY(draft.finish_finalise(
      [&](const std::vector<bool>& is_cast, const std::string& more) {
        std::string text = "SELECT ";
        for (size_t i = 0; i < select.items.size(); ++i) {
          text += (i ? ", " : "") + draft.output(value_name(i), i, is_cast[i]);
        }
        return text + more + " FROM anabranch.main" + draft.tail(orders, ties);
      },
      shown));
  if (!is_limited) {
    plan.inlined = "SELECT ";
    for (size_t i = 0; i < select.items.size(); ++i)
      plan.inlined += fmt::format("{} AS {}, ", value_name(i), sql::quote_identifier(draft.output_name(i)));
    plan.ordered_finalise.clear();
    if (from.order && shown.size() == 1) plan.order = {{{std::string(order_column)}, ""}};
    for (size_t i = 0; i < plan.order.size(); ++i) {
      plan.inlined +=
          fmt::format("{} AS {}, ", shown[i].sql, sql::quote_identifier(plan.order[i].key.column));
    }
    plan.inlined += fmt::format("{} AS {}, {} AS {} FROM anabranch.rows", row_partition,
                                sql::quote_identifier(row_partition_column), row_offset,
                                sql::quote_identifier(row_offset_column));
  }
  plan.view_class = ViewClass::linear;
  return {};
}

}  // namespace anabranch::views
