// The state is one row a group, and more where an aggregate needs more.

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/join.h"
#include "base/mistake.h"
#include "views/functions.h"
#include "views/maintain/aggregates.h"
#include "views/maintain/strategies.h"
#include "views/maintain/tie_order.h"

namespace anabranch::views {

using sql::Expr;

namespace {

using TypesByCall = std::map<std::string, AggregateTypes>;

// Expressions over groups: group keys and aggregates replaced by columns of the merged state.
class OverGroups {
 public:
  // All of them outlive it. `key_of_group`: the key of each group expression.
  OverGroups(PlanDraft& draft, AggregatePlanner& planner, const TypesByCall& types,
             const std::vector<std::string>& keys, const std::vector<std::string>& key_of_group)
      : draft_(draft), planner_(planner), types_(types), keys_(keys), key_of_group_(key_of_group) {}

  Expr operator()(const Expr& expr) {
    return sql::rewrite(expr, [this](const Expr& node) { return replaced(node); });
  }

  // False: something could not be, and was refused.
  bool is_planned() const { return is_planned_; }

 private:
  Box<Expr> replaced(const Expr& node) {
    Expr bare = node;
    bare.alias.clear();
    for (size_t i = 0; i < draft_.select.group_by.size(); ++i) {
      if (!sql::same_expr(bare, draft_.select.group_by[i])) continue;
      Expr key = sql::column(key_of_group_[i]);
      key.alias = node.alias;
      return key;
    }
    if (node.is("grouping")) {
      auto which = draft_.sets.grouping(node, keys_.empty() ? "" : keys_.back());
      if (which) return std::move(*which);
      refuse("GROUPING", "its arguments are not those of GROUP BY", node);
    }
    if (node.kind == Expr::Kind::window) return window(node);
    if (is_aggregate(node)) {
      const auto final_sql = planner_.add(bare, types_.at(sql::to_sql(bare)));
      if (!final_sql) {
        refuse("SELECT", planner_.reason(), node);
        return node;
      }
      Expr out = sql::text_expr(*final_sql);
      out.alias = node.alias;
      return out;
    }
    if (node.kind == Expr::Kind::column)
      refuse("SELECT", fmt::format("{} is neither in GROUP BY nor in an aggregate", sql::to_sql(bare)), node);
    return {};
  }

  // Ties in its order go by the groups' keys.
  Expr window(const Expr& node) {
    Expr out = node;
    for (Expr& child : out.children) child = (*this)(child);
    if (out.filter) out.filter = (*this)(*out.filter);
    if (is_planted("windows lose their partitions")) out.over->partition_by.clear();
    for (Expr& partition : out.over->partition_by) partition = (*this)(partition);
    for (sql::OrderItem& item : out.over->order_by) item.expr = (*this)(*item.expr);
    for (sql::OrderItem& item : out.order_by) item.expr = (*this)(*item.expr);
    std::vector<sql::OrderItem> ties;
    for (const std::string& key : keys_) ties.push_back(order_item(key));
    order_ties(out, ties);
    return out;
  }

  // The first reason is enough.
  void refuse(const char* clause, std::string reason, const Expr& node) {
    if (is_planned_) draft_.refuse(clause, std::move(reason), node.position);
    is_planned_ = false;
  }

  PlanDraft& draft_;
  AggregatePlanner& planner_;
  const TypesByCall& types_;
  const std::vector<std::string>& keys_;
  const std::vector<std::string>& key_of_group_;
  bool is_planned_ = true;
};

std::vector<Expr> aggregate_calls(const sql::Select& select) {
  std::vector<Expr> calls;
  const auto collect = [&](const Expr& expr) {
    sql::visit_expr(expr, [&](const Expr& node) {
      if (!is_aggregate(node)) return true;
      calls.push_back(node);
      return false;
    });
  };
  for (const Expr& item : select.items) collect(item);
  if (select.having) collect(*select.having);
  if (select.qualify) collect(*select.qualify);
  for (const sql::OrderItem& item : select.order_by) collect(*item.expr);
  return calls;
}

}  // namespace

Status plan_grouped(PlanDraft& draft) {
  const sql::Select& select = draft.select;
  Plan& plan = draft.plan;
  const std::string from_sql = sql::to_sql(draft.from.rows_table);
  const auto types = TRY(aggregate_types(aggregate_calls(select), from_sql, draft.session));

  RowColumns rows;
  std::vector<std::string> keys;
  std::vector<std::string> key_of_group;
  for (size_t i = 0; i < select.group_by.size(); ++i) {
    const std::string key = rows.add(draft.sets.any() ? draft.sets.key(i) : select.group_by[i], "k");
    key_of_group.push_back(key);
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }
  if (draft.sets.any()) keys.push_back(rows.add(set_number(), "k"));
  AggregatePlanner planner(rows, keys, draft.from.order.has_value());
  OverGroups over_groups(draft, planner, types, keys, key_of_group);
  std::vector<std::string> items;
  for (const Expr& item : select.items) {
    Expr final_item = over_groups(item);
    final_item.alias.clear();
    items.push_back(sql::to_sql(final_item));
  }
  const bool has_having = select.having && !is_planted("HAVING is lost");
  const std::string having = has_having ? " WHERE " + sql::to_sql(over_groups(*select.having)) : "";
  const std::string qualify = select.qualify ? " QUALIFY " + sql::to_sql(over_groups(*select.qualify)) : "";
  std::vector<std::string> orders;
  std::vector<PlanDraft::Shown> shown;
  for (const sql::OrderItem& item : select.order_by) {
    sql::OrderItem over_state = item;
    over_state.expr = over_groups(*item.expr);
    orders.push_back(sql::to_sql(over_state));
    shown.push_back({sql::to_sql(*over_state.expr), over_state});
  }
  for (const std::string& key : keys) shown.push_back({key, {}});
  if (select.is_distinct) shown.clear();
  if (!over_groups.is_planned()) return {};
  if (planner.needs_order())
    rows.add_as(sql::text_expr(*draft.from.order), std::string(AggregatePlanner::order_name));
  if (!TRY(draft.finish_rows(rows))) return {};
  auto parts = planner.parts();
  plan.parts.insert(plan.parts.begin(), std::make_move_iterator(parts.begin()),
                    std::make_move_iterator(parts.end()));
  if (!TRY(draft.type_parts())) return draft.give_up(), Status{};
  const std::string from = draft.sets.with_empty_sets(planner.from(), keys);
  std::string kept_by;  // DISTINCT ON
  for (const Expr& target : select.distinct_on) {
    Expr over_state = over_groups(target);
    over_state.alias.clear();
    append_item(kept_by, sql::to_sql(over_state));
  }
  if (!over_groups.is_planned()) return {};
  TRY(draft.finish_finalise(
      [&](const std::vector<bool>& is_cast, const std::string& more) {
        const bool is_distinct = select.is_distinct && !is_planted("DISTINCT above windows is lost");
        std::string text = is_distinct ? "SELECT DISTINCT " : "SELECT ";
        if (!kept_by.empty()) text += fmt::format("DISTINCT ON ({}) ", kept_by);
        for (size_t i = 0; i < items.size(); ++i)
          text += (i ? ", " : "") + draft.output(items[i], i, is_cast[i]);
        return text + more + " FROM " + from + having + qualify +
               draft.tail(orders, select.is_distinct ? std::vector<std::string>{} : keys);
      },
      shown));
  plan.view_class = planner.view_class();
  return {};
}

}  // namespace anabranch::views
