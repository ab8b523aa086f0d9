#include "views/maintain/maintained.h"

#include <algorithm>

#include <fmt/format.h>

#include "views/from_clause.h"
#include "views/functions.h"
#include "views/maintain/strategies.h"
#include "views/resolver.h"
#include "views/unnested.h"

namespace anabranch::views {

using sql::Expr;
using sql::Select;

namespace {

Status maintain(PlanDraft& draft) {
  if (!can_be_maintained(draft)) return {};
  const Select& select = draft.select;
  const bool is_grouped = !select.group_by.empty() || !select.grouping_sets.empty() || select.having ||
                          std::any_of(select.items.begin(), select.items.end(), has_aggregate);
  if (is_grouped) return plan_grouped(draft);
  if (select.qualify || !select.distinct_on.empty()) return plan_keyed(draft);
  return select.is_distinct ? plan_distinct(draft) : plan_linear(draft);
}

}  // namespace

Result<std::optional<Select>> understood(const Select& select, const FromClause& from, sql::Session& session,
                                         Reason& reason) {
  auto resolved = resolve(with_plain_aggregates(select), from.scope);
  if (!resolved) {
    reason = {
        "SELECT", "its names cannot be resolved without the engine (COLUMNS, or an ambiguous name)", {}};
    return std::nullopt;
  }
  // What an expression means is for the engine to say: its binder must find both forms to be one.
  Select written_out = with_ordinals(*resolved);
  written_out.from = from.table;
  const auto is_constant = [](const Expr& group) { return group.kind == Expr::Kind::constant; };
  if (select.is_group_by_all &&
      std::none_of(resolved->group_by.begin(), resolved->group_by.end(), is_constant)) {
    written_out.is_group_by_all = true;
    written_out.group_by.clear();
  }
  auto difference = session.bound_difference(sql::to_sql(select), sql::to_sql(written_out));
  if (!difference || *difference) {  // macros and WITHIN GROUP are not spelled out in what was written
    difference =
        session.bound_difference(sql::to_sql(with_plain_aggregates(select)), sql::to_sql(written_out));
  }
  if (!difference || *difference) {
    reason = {"SELECT",
              fmt::format("the engine takes {} in another way than can be maintained",
                          difference ? **difference : "a clause"),
              {}};
    return std::nullopt;
  }
  return resolved;
}

Status plan_maintained(const Select& select, std::string_view text, const Relations& relations,
                       sql::Session& session, Plan& plan) {
  FromClause from = analyse_from(select.from, relations, text);
  Reason stands_in_the_way;
  // With obstacles the reasons alone are wanted.
  auto resolved = from.obstacles.empty() ? TRY(understood(select, from, session, stands_in_the_way))
                                         : resolve(with_plain_aggregates(select), from.scope);
  if (!resolved) {
    plan.reasons = from.obstacles;
    if (plan.reasons.empty()) plan.reasons.push_back(std::move(stands_in_the_way));
    return {};
  }
  std::string reason;
  if (auto unnested = unnest_in_from(*resolved, session, reason)) {
    FromClause with_values = analyse_from(unnested->from, relations, text);
    PlanDraft draft(std::move(*unnested), std::move(with_values), text, relations, session, plan);
    return maintain(draft);
  }
  if (!reason.empty()) {
    plan.reasons.push_back({"SELECT", reason, {}});
    return {};
  }
  PlanDraft draft(std::move(*resolved), std::move(from), text, relations, session, plan);
  return maintain(draft);
}

}  // namespace anabranch::views
