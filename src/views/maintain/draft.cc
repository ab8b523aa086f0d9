#include "views/maintain/draft.h"

#include <fmt/format.h>

#include "base/join.h"
#include "base/mistake.h"
#include "sql/parser.h"
#include "views/guarded_rows.h"

namespace anabranch::views {
namespace {

std::string typed_nulls(const StatePart& part) {
  return "SELECT " + join(part.columns, [](const auto& column) {
           return fmt::format("NULL::{} AS {}", column.type, sql::quote_identifier(column.name));
         });
}

}  // namespace

std::string value_name(size_t index) { return fmt::format("c{}", index); }

PlanDraft::PlanDraft(sql::Select resolved, FromClause read, std::string_view written,
                     const Relations& readable, sql::Session& engine, Plan& made)
    : select(std::move(resolved)),
      from(std::move(read)),
      sets(select),
      text(written),
      relations(readable),
      session(engine),
      plan(made) {
  from.grouping_sets = sets.count();
}

void PlanDraft::refuse(std::string clause, std::string reason, sql::Position position) {
  plan.reasons.push_back({std::move(clause), std::move(reason), sql::place_at(text, position)});
}

std::string PlanDraft::output_name(size_t index) const { return plan.columns.at(index).name; }

std::string PlanDraft::output(const std::string& expr, size_t index, bool is_cast) const {
  const std::string value = is_cast ? fmt::format("CAST({} AS {})", expr, plan.columns[index].type) : expr;
  return fmt::format("{} AS u{}", value, index);
}

std::string PlanDraft::tail(const std::vector<std::string>& orders,
                            const std::vector<std::string>& ties) const {
  std::vector<std::string> all = orders;
  if (select.limit || select.offset || !select.distinct_on.empty())
    all.insert(all.end(), ties.begin(), ties.end());
  std::string clauses = all.empty() ? "" : " ORDER BY " + join(all);
  if (select.limit) clauses += " LIMIT " + sql::to_sql(*select.limit);
  if (select.limit && is_planted("LIMIT takes one more")) clauses += " + 1";
  if (select.offset) clauses += " OFFSET " + sql::to_sql(*select.offset);
  return clauses;
}

sql::Position PlanDraft::position_of_window() const {
  sql::Position position = -1;
  for (const sql::Expr& item : select.items) {
    sql::visit_expr(item, [&](const sql::Expr& node) {
      if (node.kind == sql::Expr::Kind::window && position < 0) position = node.position;
      return true;
    });
  }
  return position;
}

Result<bool> PlanDraft::finish_rows(RowColumns& rows) {
  auto guarded = guard_rows(rows.columns(), from, select.where, session);
  if (!guarded) {
    if (guarded.error().code != Code::refused) return fail(std::move(guarded).error());
    refuse("SELECT", guarded.error().message, -1);
    return false;
  }
  plan.rows = guarded->sql;
  plan.has_table_order = from.has_table_order;
  if (!guarded->errors.empty()) {
    StatePart part;
    part.name = errors_part;
    part.partial = guarded->errors;
    part.merge = "SELECT DISTINCT _partition, _offset FROM anabranch.states";
    part.keys = {"_partition", "_offset"};
    plan.parts.push_back(std::move(part));
  }
  return true;
}

Result<bool> PlanDraft::type_parts() {
  for (StatePart& part : plan.parts) {
    part.columns = TRY(session.describe(partial_query(plan, part, {}, plan.rows)));
    // A table of states has no type for it.
    for (const auto& column : part.columns) {
      if (column.type.find("STRUCT(") == std::string::npos || session.describe("SELECT NULL::" + column.type))
        continue;
      refuse("SELECT",
             "a row whose values have no names cannot be kept: write {'a': a, 'b': b} in place of (a, b)",
             -1);
      return false;
    }
    const auto merged = TRY(session.describe(merge_query(part, typed_nulls(part))));
    if (merged != part.columns) {
      refuse("SELECT", "the partial results of an aggregate have another type than its result", -1);
      return false;
    }
  }
  return true;
}

Status PlanDraft::finish_finalise(
    const std::function<std::string(const std::vector<bool>&, const std::string&)>& make,
    const std::vector<Shown>& shown) {
  sql::Meanings states;
  for (const StatePart& part : plan.parts) states[part.name] = sql::meaning(typed_nulls(part));
  std::vector<bool> is_cast(plan.columns.size(), false);
  std::string names;
  for (size_t i = 0; i < plan.columns.size(); ++i)
    names += fmt::format("{}u{} AS {}", i ? ", " : "", i, sql::quote_identifier(output_name(i)));
  const auto named = [&] { return fmt::format("SELECT {} FROM ({})", names, make(is_cast, "")); };
  plan.finalise = named();
  const auto types = TRY(session.describe(finalise_query(plan, states)));
  for (size_t i = 0; i < types.size() && i < is_cast.size(); ++i)
    is_cast[i] = types[i].type != plan.columns[i].type;
  plan.finalise = named();
  TRY(session.describe(finalise_query(plan, states)));
  if (shown.empty()) return {};
  std::string items;
  for (size_t i = 0; i < shown.size(); ++i) {
    const std::string column = fmt::format("{}{}", order_columns_prefix, i);
    names += fmt::format(", h{} AS {}", i, sql::quote_identifier(column));
    items += fmt::format(", {} AS h{}", shown[i].sql, i);
    plan.order.push_back({{column, shown[i].item.is_descending, shown[i].item.nulls}, ""});
  }
  plan.ordered_finalise = fmt::format("SELECT {} FROM ({})", names, make(is_cast, items));
  const auto all = session.describe(ordered_finalise_query(plan, states));
  if (!all || all->size() != plan.columns.size() + shown.size()) {
    plan.order.clear();
    plan.ordered_finalise.clear();
    return {};
  }
  for (size_t i = 0; i < shown.size(); ++i) plan.order[i].type = (*all)[plan.columns.size() + i].type;
  return {};
}

void PlanDraft::give_up() {
  plan.parts.clear();
  plan.rows.clear();
  plan.finalise.clear();
  plan.inlined.clear();
  plan.order.clear();
  plan.ordered_finalise.clear();
  plan.view_class = ViewClass::read_time;
}

}  // namespace anabranch::views
