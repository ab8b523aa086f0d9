// The state is the rows that a key may still need: QUALIFY row_number() … <= n, DISTINCT ON.

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/join.h"
#include "base/mistake.h"
#include "views/functions.h"
#include "views/maintain/strategies.h"
#include "views/maintain/top_n.h"
#include "views/unnested.h"

namespace anabranch::views {

using sql::Expr;

namespace {

// What says which rows a key keeps; nothing where it was refused.
std::optional<TopN> kept_rows(PlanDraft& draft, std::vector<Expr>& conditions) {
  const sql::Select& select = draft.select;
  if (!select.distinct_on.empty()) {
    if (select.qualify) {
      draft.refuse("QUALIFY", "together with DISTINCT ON it is computed when the view is read",
                   select.qualify->position);
      return std::nullopt;
    }
    TopN top;
    top.rows = 1;
    top.window.kind = Expr::Kind::window;
    top.window.name = "row_number";
    sql::Over over;
    over.partition_by = select.distinct_on;
    over.order_by = select.order_by;
    top.window.over = std::move(over);
    return top;
  }
  auto top = top_n(*select.qualify, conditions);
  if (!top) {
    draft.refuse("QUALIFY",
                 "only row_number, rank or dense_rank compared with a constant keeps a bounded state",
                 select.qualify->position);
  }
  return top;
}

}  // namespace

Status plan_keyed(PlanDraft& draft) {
  const sql::Select& select = draft.select;
  Plan& plan = draft.plan;
  if (std::any_of(select.items.begin(), select.items.end(), has_unnest)) {
    draft.refuse("SELECT", "unnest together with QUALIFY or DISTINCT ON is computed when the view is read",
                 -1);
    return {};
  }
  std::vector<Expr> conditions;  // further ones, on the rows that are kept
  auto found = kept_rows(draft, conditions);
  if (!found) return {};
  const TopN top = std::move(*found);
  if (select.is_distinct) {
    draft.refuse("DISTINCT", "together with QUALIFY it is computed when the view is read", -1);
    return {};
  }
  if (!draft.from.order) {
    draft.refuse("QUALIFY", "ties depend on an order that cannot be told here", -1);
    return {};
  }
  RowColumns rows;
  const std::string window_sql = sql::to_sql(top.window);
  for (size_t i = 0; i < select.items.size(); ++i) {
    const Expr& item = select.items[i];
    if (has_window(item)) {
      Expr bare = item;
      bare.alias.clear();
      if (sql::to_sql(bare) == window_sql) continue;
      draft.refuse("SELECT", "another window than the one in QUALIFY needs all events", item.position);
      return {};
    }
    rows.add_as(item, value_name(i));
  }
  std::string over;
  for (const Expr& partition : top.window.over->partition_by) {
    over += (over.empty() ? "PARTITION BY " : ", ") + rows.add(partition, "k");
  }
  std::string order;
  std::string sort_key;  // the same order, as arguments of create_sort_key
  for (const sql::OrderItem& item : top.window.over->order_by) {
    sql::OrderItem over_state = item;
    const std::string column = rows.add(*item.expr, "o");
    over_state.expr = sql::column(column);
    append_item(order, sql::to_sql(over_state));
    sort_key += fmt::format("{}, '{} NULLS {}', ", column, item.is_descending ? "DESC" : "ASC",
                            item.nulls == sql::OrderItem::Nulls::first ? "FIRST" : "LAST");
  }
  if (top.window.name == "row_number") {
    append_item(order, std::string(row_order));
    sort_key += fmt::format("{}, 'ASC NULLS LAST'", row_order);
  }
  if (!order.empty()) over += (over.empty() ? "ORDER BY " : " ORDER BY ") + order;
  const std::string state_window = fmt::format("{}() OVER ({})", top.window.name, over);
  // A rank is one among all rows of its key: computed before a further condition takes any away.
  const bool needs_rank = !conditions.empty() || top.is_last_only;
  const std::string rank = needs_rank ? "kept_rank" : state_window;
  std::vector<std::string> orders;
  std::vector<PlanDraft::Shown> shown;
  for (const sql::OrderItem& item : select.order_by) {
    sql::OrderItem over_state = item;
    if (has_window(*item.expr) && sql::to_sql(*item.expr) != window_sql) {
      draft.refuse("ORDER BY", "another window than the one in QUALIFY needs all events",
                   item.expr->position);
      return {};
    }
    over_state.expr = has_window(*item.expr) ? sql::text_expr(rank) : sql::column(rows.add(*item.expr, "o"));
    orders.push_back(sql::to_sql(over_state));
    shown.push_back({sql::to_sql(*over_state.expr), over_state});
  }
  shown.push_back({std::string(row_order), {}});
  std::string where;
  if (top.is_last_only) where = fmt::format(" WHERE kept_rank = {}", top.rows);
  for (const Expr& condition : conditions)
    where += (where.empty() ? " WHERE " : " AND ") + rows.add(condition, "q");
  rows.add_as(sql::text_expr(*draft.from.order), std::string(row_order));
  if (!TRY(draft.finish_rows(rows))) return {};
  StatePart main;
  main.name = "main";
  for (const Expr& partition : top.window.over->partition_by) {
    const std::string key = rows.add(partition, "k");
    if (std::find(main.keys.begin(), main.keys.end(), key) == main.keys.end()) main.keys.push_back(key);
  }
  std::string columns;
  for (const auto& column : rows.columns()) append_item(columns, column.name);
  // One row a key: a hash aggregate, at a third of what the window costs. Keys outside of the aggregate, so
  // that a filter on them reaches the states.
  const bool is_one_row = top.rows == 1 && top.window.name == "row_number" && !main.keys.empty();
  const auto kept_of = [&](std::string_view relation) {
    if (is_one_row) return select_least_row(rows.columns(), main.keys, sort_key, relation);
    const bool is_short = top.rows > 1 && is_planted("one row a key too few is kept");
    return fmt::format("SELECT {} FROM {} QUALIFY {} <= {}", columns, sql::relation(relation), state_window,
                       top.rows - (is_short ? 1 : 0));
  };
  main.partial = kept_of("rows");
  main.merge = kept_of("states");
  plan.parts.insert(plan.parts.begin(), std::move(main));
  if (!TRY(draft.type_parts())) return draft.give_up(), Status{};
  TRY(draft.finish_finalise(
      [&](const std::vector<bool>& is_cast, const std::string& more) {
        std::string text = "SELECT ";
        for (size_t i = 0; i < select.items.size(); ++i) {
          const bool is_window = has_window(select.items[i]);
          text += (i ? ", " : "") + draft.output(is_window ? rank : value_name(i), i, is_cast[i]);
        }
        const std::string from =
            where.empty() ? "anabranch.main"
                          : fmt::format("(SELECT *, {} AS kept_rank FROM anabranch.main)", state_window);
        return text + more + " FROM " + from + where + draft.tail(orders, {std::string(row_order)});
      },
      shown));
  plan.view_class = ViewClass::keyed;
  return {};
}

}  // namespace anabranch::views
