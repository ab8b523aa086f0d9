// What stands in the way of every strategy.

#include <algorithm>

#include <fmt/format.h>

#include "base/mistake.h"
#include "views/functions.h"
#include "views/maintain/strategies.h"

namespace anabranch::views {

using sql::Expr;

bool can_be_maintained(PlanDraft& draft) {
  const sql::Select& select = draft.select;
  for (const Reason& obstacle : draft.from.obstacles) draft.plan.reasons.push_back(obstacle);
  if (draft.from.event_sources == 0) {
    draft.refuse("FROM", "it reads no events: it is computed from tables and merged results when it is read",
                 -1);
  }
  if (const auto reason = draft.sets.obstacle()) draft.refuse("GROUP BY", *reason, -1);
  if (select.is_limit_percent) draft.refuse("LIMIT", "a percentage is computed when the view is read", -1);
  // A subquery of pinned tables alone is the same for every event that comes; it stays in the rows stage.
  const auto clause = [&](const char* name, const Expr& expr, bool takes_tables) {
    sql::visit_expr(expr, [&](const Expr& node) {
      if (node.kind == Expr::Kind::subquery &&
          !(takes_tables && reads_only_tables(*node.query, draft.relations)))
        draft.refuse(name,
                     takes_tables ? "it has a subquery that reads events or views" : "it has a subquery",
                     node.position);
      if (is_collation(node) && !is_planted("collations are forgotten"))
        draft.refuse(name, "under a collation, texts that differ are equal", node.position);
      if (depends_on_moment(node) && draft.plan.reasons.empty())
        draft.refuse(
            name,
            fmt::format("the value of {} depends on the moment when it is evaluated", sql::to_sql(node)),
            node.position);
      return true;
    });
  };
  for (const Expr& item : select.items) clause("SELECT", item, true);
  if (select.where) clause("WHERE", *select.where, true);
  for (const Expr& group : select.group_by) clause("GROUP BY", group, true);
  if (select.having) clause("HAVING", *select.having, false);
  if (select.qualify) clause("QUALIFY", *select.qualify, false);
  for (const Expr& target : select.distinct_on) clause("DISTINCT ON", target, false);
  for (const sql::OrderItem& item : select.order_by) clause("ORDER BY", *item.expr, false);
  if (select.limit) clause("LIMIT", *select.limit, false);
  if (select.offset) clause("OFFSET", *select.offset, false);
  visit_tables(draft.from.table, [&](const sql::TableRef& table) {
    if (table.condition) clause("JOIN", *table.condition, false);
    if (table.function) clause("FROM", *table.function, false);
  });
  return draft.plan.reasons.empty();
}

}  // namespace anabranch::views
