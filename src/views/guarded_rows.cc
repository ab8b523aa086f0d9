#include "views/guarded_rows.h"

#include <set>

#include <fmt/format.h>

#include "base/join.h"
#include "base/mistake.h"
#include "views/guarded_joins.h"

namespace anabranch::views {

using sql::Expr;

namespace {

bool is_and(const Expr& expr) { return expr.is("and"); }
bool is_or(const Expr& expr) { return expr.is("or"); }
bool is_not(const Expr& expr) { return expr.is("not") && expr.children.size() == 1; }

void split(const Expr& predicate, std::vector<Expr>& conjuncts) {
  if (!is_and(predicate)) {
    conjuncts.push_back(predicate);
    return;
  }
  for (const Expr& child : predicate.children) split(child, conjuncts);
}

// What can be known of a predicate although something in it failed: an error is an unknown value.
enum class Sure { is_true, is_false, is_not_true, is_not_false };

Sure of_negated(Sure sure) {
  switch (sure) {
    case Sure::is_true:
      return Sure::is_false;
    case Sure::is_false:
      return Sure::is_true;
    case Sure::is_not_true:
      return Sure::is_not_false;
    case Sure::is_not_false:
      return Sure::is_not_true;
  }
  return sure;
}

// An expression, true or false and never NULL: whether this is sure of the predicate.
std::string sure_sql(const Expr& predicate, Sure sure) {
  if (is_not(predicate)) return sure_sql(predicate.children[0], of_negated(sure));
  if (is_and(predicate) || is_or(predicate)) {
    // true AND true is true, one false is enough for false; with OR it is the other way round.
    const bool needs_all = is_and(predicate) == (sure == Sure::is_true || sure == Sure::is_not_false);
    std::string terms;
    for (const Expr& child : predicate.children) {
      append_item(terms, sure_sql(child, sure), needs_all ? " AND " : " OR ");
    }
    return "(" + terms + ")";
  }
  const std::string tried = fmt::format("TRY(struct_pack(v := {}))", sql::to_sql(predicate));
  const std::string value = fmt::format("struct_extract({}, 'v')::BOOLEAN", tried);
  switch (sure) {
    case Sure::is_true:
      return fmt::format("coalesce({}, false)", value);
    case Sure::is_false:
      return fmt::format("coalesce(NOT {}, false)", value);
    case Sure::is_not_true:
      if (is_planted("a condition that fails is false"))
        return fmt::format("(NOT coalesce({}, false))", value);
      return fmt::format("({} IS NOT NULL AND NOT coalesce({}, false))", tried, value);
    case Sure::is_not_false:
      return fmt::format("({} IS NOT NULL AND coalesce({}, true))", tried, value);
  }
  return "false";
}

// Two expressions: the predicate is surely true; it is surely not true (false or NULL).
struct Outcome {
  std::string is_true;
  std::string is_not_true;
};

Outcome outcome_of(const Expr& predicate) {
  return {sure_sql(predicate, Sure::is_true), sure_sql(predicate, Sure::is_not_true)};
}

// Whether an expression has the same outcome in all rows that one event gives: it reads nothing but the
// event.
bool is_of_event(const Expr& expr, const std::string& event_alias) {
  bool is_of_event = !event_alias.empty();
  sql::visit_expr(expr, [&](const Expr& node) {
    const bool is_of_table = node.kind == Expr::Kind::column &&
                             (node.path.size() < 2 || !sql::same_name(node.path[0], event_alias));
    if (is_of_table || node.query || node.kind == Expr::Kind::text) is_of_event = false;
    return is_of_event;
  });
  return is_of_event;
}

// The operands of a predicate that are neither AND nor OR.
void leaves_of(const Expr& predicate, std::vector<std::string>& leaves) {
  if (!is_and(predicate) && !is_or(predicate)) {
    leaves.push_back(sql::to_sql(predicate));
    return;
  }
  for (const Expr& child : predicate.children) leaves_of(child, leaves);
}

// What holds wherever the predicate is true, of leaves that cannot fail; empty where they say nothing.
std::string needed_sql(const Expr& predicate, const std::set<std::string>& safe_leaves) {
  if (!is_and(predicate) && !is_or(predicate)) {
    std::string leaf = sql::to_sql(predicate);
    return safe_leaves.contains(leaf) ? leaf : "";
  }
  std::string terms;
  for (const Expr& child : predicate.children) {
    const std::string term = needed_sql(child, safe_leaves);
    if (term.empty() && is_or(predicate)) return "";
    if (!term.empty()) append_item(terms, term, is_and(predicate) ? " AND " : " OR ");
  }
  return terms.empty() ? "" : "(" + terms + ")";
}

std::string and_all(const std::vector<std::string>& terms) { return join(terms, " AND "); }

}  // namespace

Result<GuardedRows> guard_rows(const std::vector<RowColumns::Column>& columns, const FromClause& from,
                               const Box<Expr>& where, sql::Session& session) {
  std::vector<Expr> conjuncts;
  if (where) split(*where, conjuncts);
  GuardedJoins joins = TRY(guard_joins(from, session));
  conjuncts.insert(conjuncts.end(), joins.of_rows.begin(), joins.of_rows.end());
  if (joins.table.join_type == "LEFT" && is_planted("a left join is an inner one"))
    joins.table.join_type = "INNER";
  const std::string from_sql = sql::to_sql(joins.table) + times_grouping_sets(from);

  std::string asked = "SELECT 0";
  for (const auto& column : columns) asked += ", " + sql::to_sql(column.expr);
  for (const Expr& conjunct : conjuncts) asked += ", " + sql::to_sql(conjunct);
  const auto all_facts = TRY(session.facts(asked + " FROM " + from_sql));
  const auto& facts = all_facts.items;
  if (all_facts.elsewhere_can_fail) {
    return fail(Code::refused, "a subquery or a join may fail for some event");
  }
  if (all_facts.elsewhere_is_volatile)
    return fail(Code::refused, "a join or a subquery gives another value each time");
  if (facts.size() != 1 + columns.size() + conjuncts.size()) {
    return fail(Code::refused, "the engine does not tell what its expressions can do");
  }
  for (size_t i = 1; i < facts.size(); ++i) {
    if (!facts[i].is_volatile) continue;
    const Expr& expr = i <= columns.size() ? columns[i - 1].expr : conjuncts[i - 1 - columns.size()];
    return fail(Code::refused, fmt::format("{} gives another value each time it is run", sql::to_sql(expr)));
  }

  std::vector<std::string> safe;
  std::vector<Outcome> guarded;
  bool rows_fail_together = true;  // all rows of an event, or none
  for (size_t i = 0; i < conjuncts.size(); ++i) {
    if (facts[1 + columns.size() + i].can_fail) {
      guarded.push_back(outcome_of(conjuncts[i]));
      rows_fail_together = rows_fail_together && is_of_event(conjuncts[i], from.event_alias);
    } else {
      safe.push_back(sql::to_sql(conjuncts[i]));
    }
  }
  // Part of a predicate that may fail still tells which rows are out; without it the engine sees no condition
  // of a join in `(a = b AND …) OR (a = b AND …)` and makes all pairs.
  for (size_t i = 0; i < conjuncts.size(); ++i) {
    std::vector<std::string> leaves;
    if (facts[1 + columns.size() + i].can_fail) leaves_of(conjuncts[i], leaves);
    if (leaves.size() < 2) continue;
    std::string asked_leaves = "SELECT 0";
    for (const std::string& leaf : leaves) asked_leaves += ", " + leaf;
    const auto leaf_facts = TRY(session.facts(asked_leaves + " FROM " + from_sql)).items;
    std::set<std::string> safe_leaves;
    for (size_t leaf = 0; leaf < leaves.size() && leaf + 1 < leaf_facts.size(); ++leaf) {
      if (!leaf_facts[leaf + 1].can_fail) safe_leaves.insert(leaves[leaf]);
    }
    if (std::string needed = needed_sql(conjuncts[i], safe_leaves); !needed.empty())
      safe.push_back(std::move(needed));
  }
  std::vector<bool> can_fail(columns.size());
  bool any_can_fail = !guarded.empty();
  for (size_t i = 0; i < columns.size(); ++i) {
    const bool is_ours =
        columns[i].expr.kind == Expr::Kind::text;  // the packed order: offsets are far below its limits
    can_fail[i] = facts[1 + i].can_fail && !is_ours;
    any_can_fail = any_can_fail || can_fail[i];
    if (can_fail[i])
      rows_fail_together = rows_fail_together && is_of_event(columns[i].expr, from.event_alias);
  }
  // An event that failed in a join is recorded and left out, whatever else it does.
  const std::string failed_joins = join(joins.failures, " OR ");
  if (!failed_joins.empty() && !is_planted("events that failed in a join stay in"))
    safe.push_back(fmt::format("NOT ({})", failed_joins));
  const std::string safe_where = safe.empty() ? "" : " WHERE " + and_all(safe);
  const std::string join_errors =
      failed_joins.empty()
          ? ""
          : fmt::format("SELECT DISTINCT {} AS _partition, {} AS _offset FROM {} WHERE {}", from.partition,
                        from.offset, sql::to_sql(from.event_table), failed_joins);

  GuardedRows out;
  if (!any_can_fail) {
    out.sql = "SELECT ";
    for (size_t i = 0; i < columns.size(); ++i) {
      out.sql += fmt::format("{}{} AS {}", i ? ", " : "", sql::to_sql(columns[i].expr),
                             sql::quote_identifier(columns[i].name));
    }
    if (columns.empty()) out.sql += "1 AS one";
    out.sql += " FROM " + from_sql + safe_where;
    out.errors = join_errors;
    return out;
  }

  // tried: everything evaluated under TRY, with what happened beside it.
  std::string tried =
      fmt::format("SELECT {} AS _event_partition, {} AS _event_offset", from.partition, from.offset);
  std::string picked;
  std::string failed;
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string name = sql::quote_identifier(columns[i].name);
    const std::string expr = sql::to_sql(columns[i].expr);
    tried += can_fail[i] ? fmt::format(", TRY(struct_pack(v := {})) AS {}", expr, name)
                         : fmt::format(", {} AS {}", expr, name);
    picked += fmt::format("{}{} AS {}", i ? ", " : "",
                          can_fail[i] ? fmt::format("struct_extract({}, 'v')", name) : name, name);
    if (can_fail[i]) append_item(failed, fmt::format("{} IS NULL", name), " OR ");
  }
  std::vector<std::string> is_true;
  std::string is_not_true;
  for (const Outcome& outcome : guarded) {
    is_true.push_back(outcome.is_true);
    append_item(is_not_true, outcome.is_not_true, " OR ");
  }
  tried += fmt::format(", {} AS _is_kept, {} AS _is_dropped", guarded.empty() ? "true" : and_all(is_true),
                       guarded.empty() ? "false" : is_not_true);
  tried += " FROM " + from_sql + safe_where;
  if (failed.empty()) failed = "false";
  // An event of which one row fails is left out with all of its rows. To look at them together is dear, and
  // not needed where what can fail is the same in each.
  const bool looks_at_all_rows = from.has_fan_out && !rows_fail_together;
  const std::string over = looks_at_all_rows ? " OVER (PARTITION BY _event_partition, _event_offset)" : "";
  const std::string is_failed =
      fmt::format("((NOT _is_kept AND NOT _is_dropped) OR (_is_kept AND ({})))", failed);
  const std::string judged = fmt::format("SELECT *, {} AS _is_failed FROM ({})",
                                         over.empty() ? is_failed : "bool_or" + is_failed + over, tried);
  const bool keeps_failed = is_planted("events that failed stay in");
  out.sql = fmt::format("SELECT {} FROM ({}) WHERE _is_kept{}", picked.empty() ? "1 AS one" : picked, judged,
                        keeps_failed ? "" : " AND NOT _is_failed");
  out.errors = fmt::format(
      "SELECT DISTINCT _event_partition AS _partition, _event_offset AS _offset FROM ({}) WHERE _is_failed",
      judged);
  if (!join_errors.empty())
    out.errors =
        fmt::format("SELECT DISTINCT _partition, _offset FROM ({} UNION ALL {})", out.errors, join_errors);
  return out;
}

}  // namespace anabranch::views
