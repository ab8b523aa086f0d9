#include "views/table_rows.h"

#include <algorithm>

#include <fmt/format.h>

#include "sql/order_dependence.h"
#include "sql/unpivot.h"
#include "views/from_clause.h"
#include "views/functions.h"

namespace anabranch::views {

using sql::Expr;
using sql::Select;
using sql::TableRef;

namespace {

// Names of derived tables of ours; a derived table that a user wrote has none but its alias.
constexpr std::string_view rows_mark = "anabranch:rows of tables";
constexpr std::string_view value_mark = "anabranch:value of tables";

std::string read_name(const TableRef& table) {
  std::string name = sql::lower(table.name);
  if (name.ends_with('!')) name.pop_back();
  return name;
}

bool is_relation(const TableRef& table) {
  return table.kind == TableRef::Kind::base && table.schema == sql::relation_schema;
}

// Views of tables in their SELECTs' places, in all of a SELECT.
class WriteOut {
 public:
  explicit WriteOut(const TableViews& views) : views_(views) {}

  void in(Select& select) {
    for (sql::Cte& cte : select.ctes) in(*cte.query);
    for (Select& operand : select.operands) in(operand);
    in(select.from);
    sql::for_each_own_expr(select, [&](Expr& expr) { in(expr); });
  }

  void in(TableRef& table) {
    if (table.kind == TableRef::Kind::join) {
      in(*table.left);
      in(*table.right);
    } else if (table.kind == TableRef::Kind::subquery) {
      in(*table.query);
    } else if (is_relation(table)) {
      const auto view = views_.find(read_name(table));
      if (view == views_.end()) return;
      TableRef derived = sql::subquery_table(view->second, table.alias);
      derived.column_aliases = std::move(table.column_aliases);
      derived.position = table.position;
      table = std::move(derived);
      written.insert(view->first);
    }
  }

  std::set<std::string> written;

 private:
  void in(Expr& expr) {
    if (expr.query) in(*expr.query);
    sql::for_each_child(expr, [&](Expr& child) { in(child); });
  }

  const TableViews& views_;
};

class Placement {
 public:
  Placement(const Relations& relations, const TableViews& views, sql::Session& session)
      : relations_(relations), views_(views), session_(session) {}

  void rows(Select& select) {
    if (!has_others(select.from)) return;
    rows(select.from);
  }

  void values(Select& select) {
    const bool has_star = std::any_of(select.items.begin(), select.items.end(), [](const Expr& item) {
      bool is_found = false;
      sql::visit_expr(item, [&](const Expr& node) {
        is_found = is_found || node.kind == Expr::Kind::star;
        return !is_found;
      });
      return is_found;
    });
    // Its columns would be among those of `*`.
    if (has_star || !select.set_operation.empty() || select.from.kind == TableRef::Kind::empty) return;
    const bool is_aggregated = !select.group_by.empty() || !select.grouping_sets.empty() ||
                               select.is_group_by_all || select.having ||
                               std::any_of(select.items.begin(), select.items.end(), has_aggregate);
    if (select.where) values(*select.where, select.from);
    if (is_aggregated) return;
    for (Expr& item : select.items) values(item, select.from);
  }

  std::set<std::string> written;
  bool is_changed = false;

 private:
  // The SELECT and the names of its columns, where it stands for itself and reads nothing but tables.
  std::optional<std::pair<Select, std::vector<std::string>>> alone(const Select& select) {
    WriteOut out(views_);
    Select all = select;
    out.in(all);
    if (!over_tables(all, relations_, {})) return std::nullopt;
    const auto columns = session_.describe(sql::to_sql(all));
    if (!columns) return std::nullopt;
    std::vector<std::string> names;
    for (const auto& column : *columns) {
      const bool is_there = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        return sql::same_name(name, column.name);
      });
      if (is_there) return std::nullopt;
      names.push_back(column.name);
    }
    written.insert(out.written.begin(), out.written.end());
    return std::pair{std::move(all), std::move(names)};
  }

  // Whether anything in it is neither a table nor of tables.
  bool has_others(const TableRef& table) const {
    if (table.kind == TableRef::Kind::join) return has_others(*table.left) || has_others(*table.right);
    if (table.kind == TableRef::Kind::subquery) return !over_tables(*table.query, relations_, views_);
    if (sql::is_unpivot(table)) return !over_tables(*table.function->query, relations_, views_);
    if (!is_relation(table)) return false;
    const auto found = relations_.find(read_name(table));
    return !views_.contains(read_name(table)) &&
           (found == relations_.end() || found->second.kind != Relation::Kind::table);
  }

  void rows(TableRef& table) {
    if (table.kind == TableRef::Kind::join) {
      rows(*table.left);
      rows(*table.right);
      return;
    }
    Select query;
    if (table.kind == TableRef::Kind::subquery) {
      query = *table.query;
    } else if (is_relation(table) && views_.contains(read_name(table))) {
      query = views_.at(read_name(table));
      written.insert(read_name(table));
    } else {
      return;
    }
    auto found = alone(query);
    if (!found) return;
    auto& [all, names] = *found;
    for (size_t i = 0; i < table.column_aliases.size() && i < names.size(); ++i)
      names[i] = table.column_aliases[i];
    TableRef placed = sql::subquery_table(std::move(all), table.alias);
    if (placed.alias.empty()) placed.alias = "unnamed_subquery";
    placed.name = rows_mark;
    placed.column_aliases = std::move(names);
    placed.position = table.position;
    table = std::move(placed);
    is_changed = true;
  }

  // An aggregate without groups gives one row, whatever the tables hold.
  static bool is_one_row(const Select& query) {
    return query.ctes.empty() && query.set_operation.empty() && query.items.size() == 1 &&
           has_aggregate(query.items[0]) && !has_window(query.items[0]) && query.group_by.empty() &&
           query.grouping_sets.empty() && !query.is_group_by_all && !query.having && !query.qualify &&
           !query.limit && !query.offset && query.distinct_on.empty();
  }

  void values(Expr& expr, TableRef& from) {
    if (expr.kind == Expr::Kind::subquery && expr.name == "scalar" && is_one_row(*expr.query)) {
      auto found = alone(*expr.query);
      if (!found) return;
      TableRef value =
          sql::subquery_table(std::move(found->first), fmt::format("{} {}", value_mark, count_++));
      value.name = value_mark;
      value.column_aliases = {"value"};
      value.position = expr.position;
      Expr column = sql::column(value.alias, "value");
      column.alias = expr.alias;
      column.position = expr.position;
      TableRef joined;
      joined.kind = TableRef::Kind::join;
      joined.join_type = "INNER";
      joined.join_kind = TableRef::JoinKind::cross;
      joined.position = from.position;
      joined.left = std::move(from);
      joined.right = std::move(value);
      from = std::move(joined);
      expr = std::move(column);
      is_changed = true;
      return;
    }
    sql::for_each_child(expr, [&](Expr& child) { values(child, from); });
  }

  const Relations& relations_;
  const TableViews& views_;
  sql::Session& session_;
  size_t count_ = 0;
};

}  // namespace

std::optional<Select> over_tables(const Select& select, const Relations& relations, const TableViews& views) {
  Select all = select;
  WriteOut(views).in(all);
  if (!reads_only_tables(all, relations) || depends_on_moment(all) || sql::needs_order(all))
    return std::nullopt;
  bool is_collated = false;  // its columns keep the collation, and states of them would not
  sql::visit_selects(all, [&](const Select& inner) {
    sql::visit_own_exprs(inner, [&](const Expr& expr) {
      sql::visit_expr(expr, [&](const Expr& node) {
        is_collated = is_collated || is_collation(node);
        return true;
      });
    });
  });
  if (is_collated) return std::nullopt;
  return all;
}

std::optional<std::set<std::string>> put_table_rows(Select& select, const Relations& relations,
                                                    const TableViews& views, sql::Session& session) {
  Placement placement(relations, views, session);
  placement.rows(select);
  placement.values(select);
  if (!placement.is_changed) return std::nullopt;
  return std::move(placement.written);
}

bool is_table_rows(const TableRef& table) {
  return table.kind == TableRef::Kind::subquery && table.name == rows_mark;
}

bool is_table_value(const TableRef& table) {
  return table.kind == TableRef::Kind::subquery && table.name == value_mark;
}

}  // namespace anabranch::views
