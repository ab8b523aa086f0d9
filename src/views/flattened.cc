#include "views/flattened.h"

#include <algorithm>

#include "views/functions.h"
#include "views/unnested.h"

namespace anabranch::views {

using sql::Expr;
using sql::Select;

namespace {

template <typename Predicate>
bool any_item(const Select& select, Predicate predicate) {
  return std::any_of(select.items.begin(), select.items.end(), predicate);
}

bool is_grouped(const Select& select) {
  return !select.group_by.empty() || !select.grouping_sets.empty() || select.is_group_by_all ||
         select.having || any_item(select, has_aggregate);
}

// QUALIFY may be without one where it names an item.
bool has_windows(const Select& select) { return select.qualify || any_item(select, has_window); }

// Things that are about other rows than its own or make other rows of them.
bool has_other_rows(const Select& select) {
  bool is_found = false;
  sql::visit_own_exprs(select, [&](const Expr& own) {
    sql::visit_expr(own, [&](const Expr& node) {
      is_found = is_found || node.kind == Expr::Kind::subquery || is_unnest(node) || node.is("lambda") ||
                 is_collation(node) || depends_on_moment(node);
      return !is_found;
    });
  });
  return is_found;
}

void add_condition(Box<Expr>& conditions, const Expr& added) {
  if (!conditions) {
    conditions = added;
    return;
  }
  Expr all;
  all.kind = Expr::Kind::other;
  all.name = "and";
  const std::vector<Expr> both = {*conditions, added};
  for (const Expr& one : both) {
    if (one.is("and"))
      all.children.insert(all.children.end(), one.children.begin(), one.children.end());
    else
      all.children.push_back(one);
  }
  conditions = std::move(all);
}

}  // namespace

bool is_over_derived_rows(const Select& select) {
  if (!select.set_operation.empty() || select.from.kind != sql::TableRef::Kind::subquery ||
      !select.from.column_aliases.empty() || select.is_distinct || !select.distinct_on.empty() ||
      select.is_limit_percent || is_grouped(select) || has_other_rows(select))
    return false;
  const Select& inner = *select.from.query;
  if (!inner.set_operation.empty() || inner.is_distinct || !inner.distinct_on.empty() ||
      !inner.order_by.empty() || inner.limit || inner.offset)
    return false;
  return is_grouped(inner) || has_windows(inner) || is_over_derived_rows(inner);
}

std::optional<Select> flattened(const Select& outer, const Select& inner, const std::string& alias,
                                const std::vector<model::RelationColumn>& columns) {
  if (has_windows(inner) && has_windows(outer)) return std::nullopt;
  if (has_other_rows(inner) || inner.items.size() != columns.size()) return std::nullopt;
  bool is_known = true;
  const auto in_place = [&](const Expr& expr) {
    Expr out = sql::rewrite(expr, [&](const Expr& node) -> Box<Expr> {
      if (node.kind != Expr::Kind::column) return {};
      for (size_t i = 0; i < columns.size(); ++i) {
        if (node.path.size() != 2 || !sql::same_name(node.path[0], alias) ||
            !sql::same_name(node.path[1], columns[i].name))
          continue;
        Expr item = inner.items[i];
        if (item.kind != Expr::Kind::column && item.kind != Expr::Kind::window && !is_aggregate(item)) {
          // A literal has no type yet where it stands, and the column of a derived table has one.
          Expr cast;
          cast.kind = Expr::Kind::other;
          cast.name = "cast";
          cast.text = columns[i].type;
          item.alias.clear();
          cast.children.push_back(std::move(item));
          item = std::move(cast);
        }
        item.alias = node.alias;
        return item;
      }
      is_known = false;
      return {};
    });
    out.alias = expr.alias;
    return out;
  };
  Select out = inner;
  out.items.clear();
  for (const Expr& item : outer.items) out.items.push_back(in_place(item));
  if (outer.where)
    add_condition(has_windows(inner) || !is_grouped(inner) ? out.qualify : out.having,
                  in_place(*outer.where));
  if (outer.qualify) out.qualify = in_place(*outer.qualify);
  for (const sql::OrderItem& order : outer.order_by) {
    out.order_by.push_back(order);
    out.order_by.back().expr = in_place(*order.expr);
  }
  out.limit = outer.limit;
  out.offset = outer.offset;
  // Without its aggregates it would not be the one row that it is.
  if (!is_known || is_grouped(out) != is_grouped(inner)) return std::nullopt;
  // Read again, a number would be that of an item and a name alone might be an alias.
  const auto is_number = [](const Expr& target) { return target.kind == Expr::Kind::constant; };
  if (std::any_of(out.group_by.begin(), out.group_by.end(), is_number)) return std::nullopt;
  for (const sql::OrderItem& order : out.order_by) {
    const Expr& target = *order.expr;
    if (is_number(target) || (target.kind == Expr::Kind::column && target.path.size() < 2))
      return std::nullopt;
  }
  // QUALIFY without a window is refused by the engine.
  if (out.qualify && !has_window(*out.qualify)) {
    if (is_grouped(out) || !any_item(out, has_window)) return std::nullopt;
  }
  return out;
}

}  // namespace anabranch::views
