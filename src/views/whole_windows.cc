#include "views/whole_windows.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "views/functions.h"
#include "views/maintain/aggregate_clauses.h"

namespace anabranch::views {

using sql::Expr;
using sql::Select;
using sql::TableRef;

namespace {

bool is_bare(const Select& select) {
  return select.set_operation.empty() && select.ctes.empty() && select.group_by.empty() &&
         select.grouping_sets.empty() && !select.is_group_by_all && !select.having && !select.qualify &&
         !select.is_distinct && select.distinct_on.empty() && !select.is_limit_percent;
}

bool is_count_of_rows(const Expr& call) {
  return is_aggregate(call) && !call.filter && !call.is_distinct && call.order_by.empty() &&
         (call.name == "count_star" ||
          (call.name == "count" && (call.children.empty() || call.children[0].kind == Expr::Kind::star)));
}

Expr over_all(Expr call) {
  call.kind = Expr::Kind::window;
  call.over = sql::Over{};
  return call;
}

class WholeWindows {
 public:
  WholeWindows(const Select& select, sql::Session& session) : select_(select), session_(session) {}

  std::optional<Select> run() {
    const bool is_derived = select_.from.kind == TableRef::Kind::subquery && is_bare(select_) &&
                            !select_.from.alias.empty() && select_.from.column_aliases.empty();
    const bool is_grouped = select_.from.kind == TableRef::Kind::base && !select_.group_by.empty() &&
                            select_.grouping_sets.empty() && !select_.where && !select_.having &&
                            !select_.qualify && select_.set_operation.empty();
    if (!is_derived && !is_grouped) return std::nullopt;
    if (is_derived && std::any_of(select_.items.begin(), select_.items.end(), has_window))
      return std::nullopt;
    Select out = select_;
    bool is_known = true;
    size_t found = 0;
    const auto change = [&](Expr& expr) {
      const std::string alias = expr.alias;
      expr = sql::rewrite(expr, [&](const Expr& node) -> Box<Expr> {
        if (node.kind != Expr::Kind::subquery) return {};
        auto value = is_derived ? of_derived(node) : of_groups(node);
        is_known = is_known && value;
        if (!value) return node;
        ++found;
        value->alias = node.alias;
        return std::move(*value);
      });
      expr.alias = alias;
    };
    for (Expr& item : out.items) change(item);
    if (out.where) change(*out.where);
    for (sql::OrderItem& item : out.order_by) change(*item.expr);
    if (!is_known || found == 0) return std::nullopt;
    if (out.where) {
      out.qualify = std::move(out.where);
      out.where = {};
    }
    const auto before = session_.describe(sql::to_sql(select_));
    const auto after = session_.describe(sql::to_sql(out));
    if (!before || !after || *before != *after) return std::nullopt;
    return out;
  }

 private:
  // A scalar subquery of one item without anything around it.
  static const Select* plain_value(const Expr& node) {
    if (node.name != "scalar" || !node.query) return nullptr;
    const Select& query = *node.query;
    const bool is_plain = is_bare(query) && !query.where && query.order_by.empty() && !query.limit &&
                          !query.offset && query.items.size() == 1;
    return is_plain ? &query : nullptr;
  }

  std::optional<Expr> of_groups(const Expr& node) const {
    const Select* query = plain_value(node);
    if (!query || query->from.kind != TableRef::Kind::base || query->from.schema != select_.from.schema ||
        query->from.name != select_.from.name || !is_count_of_rows(query->items[0]))
      return std::nullopt;
    Expr count = query->items[0];
    count.alias.clear();
    Expr cast;
    cast.kind = Expr::Kind::other;
    cast.name = "cast";
    cast.text = "BIGINT";
    cast.children.push_back(over_all(sql::call("sum", {count})));
    return cast;
  }

  std::optional<Expr> of_derived(const Expr& node) const {
    const Select* query = plain_value(node);
    if (!query || query->from.kind != TableRef::Kind::subquery || !query->from.column_aliases.empty() ||
        sql::to_sql(*query->from.query) != sql::to_sql(*select_.from.query))
      return std::nullopt;
    const Expr& call = query->items[0];
    if (!is_aggregate(call) || call.filter || call.is_distinct || !call.order_by.empty() ||
        !is_one_of(call.name, {"sum", "avg", "min", "max", "count"}) || call.children.size() != 1 ||
        call.children[0].kind != Expr::Kind::column)
      return std::nullopt;
    const Expr& argument = call.children[0];
    const auto type =
        session_.describe(fmt::format("SELECT {} FROM {}", sql::to_sql(argument), sql::to_sql(query->from)));
    // Rows are added up in another order.
    if (!type || (!is_integer_type((*type)[0].type) && !decimal_type((*type)[0].type))) return std::nullopt;
    const bool is_named = argument.path.size() == 2 && sql::same_name(argument.path[0], query->from.alias);
    if (argument.path.size() != 1 && !is_named) return std::nullopt;
    Expr whole = call;
    whole.alias.clear();
    whole.children = {sql::column(select_.from.alias, argument.path.back())};
    return over_all(std::move(whole));
  }

  const Select& select_;
  sql::Session& session_;
};

}  // namespace

std::optional<Select> with_whole_windows(const Select& select, sql::Session& session) {
  return WholeWindows(select, session).run();
}

}  // namespace anabranch::views
