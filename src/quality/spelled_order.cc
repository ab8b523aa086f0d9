#include "quality/spelled_order.h"

#include <algorithm>

#include <fmt/format.h>

namespace anabranch::quality {
namespace {

using sql::Expr;
using sql::OrderItem;
using sql::Select;
using sql::TableRef;

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool aggregate_depends_on_order(std::string_view name) {
  return is_one_of(name,
                   {"first",     "last",         "any_value",    "arbitrary",        "list",
                    "array_agg", "string_agg",   "group_concat", "listagg",          "mode",
                    "arg_max",   "arg_min",      "argmax",       "argmin",           "max_by",
                    "min_by",    "arg_max_null", "arg_min_null", "json_group_array", "json_group_object"});
}

// Their answer does not depend on a frame, so more keys change nothing but ties.
bool window_numbers_rows(std::string_view name) {
  return is_one_of(name, {"row_number", "ntile", "lag", "lead"});
}
bool window_picks_rows(std::string_view name) {
  return is_one_of(name, {"first_value", "last_value", "nth_value"}) || aggregate_depends_on_order(name);
}
bool has_row_frame(const Expr& window) { return window.over && window.over->frame.units == "ROWS"; }

bool window_depends_on_order(const Expr& window) {
  return window_numbers_rows(window.name) || window_picks_rows(window.name) || has_row_frame(window);
}

OrderItem by(Expr key) {
  OrderItem item;
  key.alias.clear();
  item.expr = std::move(key);
  return item;
}

void append(std::vector<OrderItem>& order, const std::vector<Expr>& keys) {
  for (const Expr& key : keys) order.push_back(by(key));
}

// Tables and queries in sight, with their hidden columns.
struct Hidden {
  std::string alias;
  std::vector<std::string> columns;
};
struct Sight {
  std::vector<Hidden> hidden;
  std::vector<Expr> events;  // what orders the rows
  std::vector<Expr> tables;
  std::set<std::string> columns;  // visible, as far as they are known; lower case

  std::vector<Expr> keys() const {
    std::vector<Expr> all = events;
    all.insert(all.end(), tables.begin(), tables.end());
    return all;
  }
};

struct NamedQuery {  // a CTE
  std::string name;
  std::vector<std::string> order;
};

bool is_list(const std::string& name) {
  static const std::set<std::string> names = {"list", "array_agg", "string_agg", "group_concat", "listagg"};
  return names.contains(name);
}

class Speller {
 public:
  Speller(const OrderedRelations& relations, const std::set<std::string>& aggregates)
      : relations_(relations), aggregates_(aggregates) {}

  SpelledOrder spell(Select select, std::vector<NamedQuery> ctes, bool shows_order) {
    for (sql::Cte& cte : select.ctes) {
      auto inner = spell(*cte.query, ctes, true);
      cte.query = std::move(inner.select);
      ctes.push_back({cte.name, std::move(inner.order)});
    }
    if (!select.set_operation.empty()) {
      for (Select& operand : select.operands) operand = spell(std::move(operand), ctes, false).select;
      return {std::move(select), {}};
    }
    Sight sight;
    look(select.from, ctes, sight);
    const auto own = [&](Expr& expr) { expr = inside(expr, ctes, sight); };
    for (Expr& item : select.items) own(item);
    if (select.where) own(*select.where);
    for (Expr& group : select.group_by) own(group);
    if (select.having) own(*select.having);
    if (select.qualify) own(*select.qualify);
    for (Expr& target : select.distinct_on) own(target);
    for (OrderItem& item : select.order_by) own(*item.expr);
    if (select.limit) own(*select.limit);
    if (select.offset) own(*select.offset);
    return order(std::move(select), sight, shows_order);
  }

  bool is_refused = false;

 private:
  void look(TableRef& table, const std::vector<NamedQuery>& ctes, Sight& sight) {
    switch (table.kind) {
      case TableRef::Kind::base:
        look_at_base(table, ctes, sight);
        return;
      case TableRef::Kind::subquery: {
        auto inner = spell(*table.query, ctes, true);
        table.query = std::move(inner.select);
        if (table.alias.empty()) table.alias = unique();
        add_query(table.alias, inner.order, sight);
        return;
      }
      case TableRef::Kind::join: {
        look(*table.left, ctes, sight);
        const Sight left = sight;
        look(*table.right, ctes, sight);
        if (table.condition) table.condition = inside(*table.condition, ctes, sight);
        if (table.join_type == "SEMI" || table.join_type == "ANTI") sight = left;
        return;
      }
      case TableRef::Kind::function:
        if (table.function) table.function = inside(*table.function, ctes, sight);
        return;
      default:
        return;
    }
  }

  void look_at_base(TableRef& table, const std::vector<NamedQuery>& ctes, Sight& sight) {
    if (table.schema.empty()) {
      for (auto cte = ctes.rbegin(); cte != ctes.rend(); ++cte) {
        if (!sql::same_name(cte->name, table.name)) continue;
        if (table.alias.empty()) table.alias = table.name;
        return add_query(table.alias, cte->order, sight);
      }
      return;
    }
    const auto found = relations_.find(sql::lower(table.schema + "." + table.name));
    if (found == relations_.end()) return;
    const OrderedRelation& relation = found->second;
    if (table.alias.empty()) table.alias = table.name;
    table.name = relation.ordered_name;
    sight.hidden.push_back({table.alias, relation.hidden_columns});
    for (const std::string& column : relation.columns) sight.columns.insert(sql::lower(column));
    for (const std::string& column : relation.order)
      (relation.is_of_events ? sight.events : sight.tables).push_back(sql::column(table.alias, column));
  }

  static void add_query(const std::string& alias, const std::vector<std::string>& order, Sight& sight) {
    sight.hidden.push_back({alias, order});
    for (const std::string& column : order) sight.events.push_back(sql::column(alias, column));
  }

  // Subqueries spelled, `*` without hidden columns.
  Expr inside(const Expr& expr, const std::vector<NamedQuery>& ctes, const Sight& sight) {
    return sql::rewrite(expr, [&](const Expr& node) -> Box<Expr> {
      if (node.kind == Expr::Kind::star) {
        Expr star = node;
        for (const Hidden& hidden : sight.hidden) {
          if (!node.path.empty() && !sql::same_name(node.path[0], hidden.alias)) continue;
          for (const std::string& column : hidden.columns) {
            star.exclude.push_back(node.path.empty() ? std::vector{hidden.alias, column}
                                                     : std::vector{column});
          }
        }
        return star;
      }
      if (node.kind == Expr::Kind::other && node.name == "columns") is_refused = true;
      if (!node.query) return {};
      Expr out = node;
      out.query = spell(*node.query, ctes, false).select;
      for (Expr& child : out.children) child = inside(child, ctes, sight);
      return out;
    });
  }

  bool has_aggregate(const Expr& expr) const {
    bool is_found = false;
    sql::visit_expr(expr, [&](const Expr& node) {
      if (node.kind == Expr::Kind::call && aggregates_.contains(node.name)) is_found = true;
      return !is_found && node.kind != Expr::Kind::subquery;
    });
    return is_found;
  }

  // What the groups are told apart by, as expressions that may stand anywhere in this SELECT.
  std::vector<Expr> group_keys(const Select& select, const Sight& sight) const {
    std::vector<Expr> keys;
    if (select.is_group_by_all) {
      for (const Expr& item : select.items) {
        if (item.kind == Expr::Kind::star) return {};
        if (!has_aggregate(item)) keys.push_back(item);
      }
    }
    if (!select.grouping_sets.empty()) return {};
    for (const Expr& group : select.group_by) {
      const Expr* key = &group;
      for (size_t i = 0; i < select.items.size(); ++i) {
        const bool is_place =
            group.kind == Expr::Kind::constant && sql::to_sql(group) == fmt::to_string(i + 1);
        const bool is_alias = group.kind == Expr::Kind::column && group.path.size() == 1 &&
                              sql::same_name(group.path[0], select.items[i].alias) &&
                              !sight.columns.contains(sql::lower(group.path[0]));
        if (is_place || is_alias) key = &select.items[i];
      }
      keys.push_back(*key);
    }
    for (Expr& key : keys) key.alias.clear();
    return keys;
  }

  SpelledOrder order(Select select, const Sight& sight, bool shows_order) {
    bool is_aggregated =
        !select.group_by.empty() || !select.grouping_sets.empty() || select.is_group_by_all || select.having;
    for (const Expr& item : select.items) is_aggregated = is_aggregated || has_aggregate(item);
    const std::vector<Expr> rows = sight.keys();
    const std::vector<Expr> keys = is_aggregated ? group_keys(select, sight) : rows;
    const auto spell_expr = [&](Expr& expr) {
      const std::string alias = expr.alias;
      expr = ordered(expr, rows, keys);
      expr.alias = alias;
    };
    for (Expr& item : select.items) spell_expr(item);
    if (select.having) spell_expr(*select.having);
    if (select.qualify) spell_expr(*select.qualify);
    for (OrderItem& item : select.order_by) spell_expr(*item.expr);
    const bool is_by_all =
        std::any_of(select.order_by.begin(), select.order_by.end(), [](const OrderItem& item) {
          return item.expr->kind == Expr::Kind::star || sql::lower(sql::to_sql(*item.expr)) == "all" ||
                 (item.expr->kind == Expr::Kind::other && item.expr->name == "columns");
        });
    const bool is_limited = select.limit || select.offset;
    if (!is_by_all && (!select.distinct_on.empty() || (is_limited && !select.is_distinct)))
      append(select.order_by, keys);
    SpelledOrder out;
    if (shows_order && !select.is_distinct) {
      for (Expr key : keys) {
        key.alias = unique();
        out.order.push_back(key.alias);
        select.items.push_back(std::move(key));
      }
    }
    out.select = std::move(select);
    return out;
  }

  // `rows`: what orders the rows that aggregates see; `keys`: what orders those that windows see.
  Expr ordered(const Expr& expr, const std::vector<Expr>& rows, const std::vector<Expr>& keys) const {
    return sql::rewrite(expr, [&](const Expr& node) -> Box<Expr> {
      if (node.kind == Expr::Kind::window) {
        Expr window = node;
        for (Expr& child : window.children) child = ordered(child, rows, keys);
        for (Expr& partition : window.over->partition_by) partition = ordered(partition, rows, keys);
        for (OrderItem& item : window.over->order_by) item.expr = ordered(*item.expr, rows, keys);
        if (!window_depends_on_order(window) || window.is_distinct) return window;
        if (window_numbers_rows(window.name) || has_row_frame(window)) {
          append(window.over->order_by, keys);
        } else {  // peers stay peers: the order is that of the argument
          if (window.order_by.empty()) window.order_by = window.over->order_by;
          append(window.order_by, keys);
        }
        return window;
      }
      if (node.kind == Expr::Kind::call && aggregate_depends_on_order(node.name)) {
        Expr call = node;
        for (Expr& child : call.children) child = ordered(child, rows, keys);
        if (call.children.empty()) return call;        // WITHIN GROUP: its ORDER BY is the argument
        if (call.is_distinct && is_list(call.name)) {  // each value once has no place of its own
          if (call.order_by.empty()) append(call.order_by, {call.children[0]});
          return call;
        }
        if (call.is_distinct && call.name == "mode") return call;
        if (call.children.size() == 3) return first_rows(call, rows);
        call.is_distinct = false;  // which of several equal values is picked makes no difference
        append(call.order_by, rows);
        return call;
      }
      return {};
    });
  }

  // arg_max(x, by, n): the engine takes any of those that are ties; a list has them in order.
  static Expr first_rows(const Expr& call, const std::vector<Expr>& rows) {
    const auto is_there = [](const Expr& value) {
      Expr test;
      test.kind = Expr::Kind::other;
      test.name = "is_not_null";
      test.children = {value};
      return test;
    };
    Expr where;
    where.kind = Expr::Kind::other;
    where.name = "and";
    where.children = {is_there(call.children[0]), is_there(call.children[1])};
    if (call.filter) where.children.push_back(*call.filter);
    Expr all = sql::call("list", {call.children[0]});
    OrderItem by;
    by.expr = call.children[1];
    by.is_descending = call.name.find("max") != std::string::npos;
    all.order_by.push_back(std::move(by));
    append(all.order_by, rows);
    all.filter = std::move(where);
    Expr one;
    one.kind = Expr::Kind::constant;
    one.text = "1";
    return sql::call("list_slice", {std::move(all), std::move(one), call.children[2]});
  }

  std::string unique() { return fmt::format("anabranch:{}", ++next_); }

  const OrderedRelations& relations_;
  const std::set<std::string>& aggregates_;
  int next_ = 0;
};

}  // namespace

bool needs_order(const Select& select, const std::set<std::string>& hidden) {
  bool is_needed = false;
  sql::visit_selects(select, [&](const Select& inner) {
    is_needed = is_needed || inner.limit || inner.offset || !inner.distinct_on.empty();
    sql::visit_own_exprs(inner, [&](const Expr& expr) {
      sql::visit_expr(expr, [&](const Expr& node) {
        if (node.kind == Expr::Kind::column) {
          for (const std::string& name : node.path)
            is_needed = is_needed || hidden.contains(sql::lower(name));
        }
        if (node.kind == Expr::Kind::window) is_needed = is_needed || window_depends_on_order(node);
        if (node.kind == Expr::Kind::call) is_needed = is_needed || aggregate_depends_on_order(node.name);
        return true;
      });
    });
  });
  return is_needed;
}

Result<SpelledOrder> spell_order(const Select& select, const OrderedRelations& relations, bool shows_order,
                                 const std::set<std::string>& aggregates) {
  Speller speller(relations, aggregates);
  auto spelled = speller.spell(select, {}, shows_order);
  if (speller.is_refused) return fail(Code::refused, "COLUMNS(…) beside what depends on the order of rows");
  return spelled;
}

}  // namespace anabranch::quality
