#include "sql/spelled_order.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include <fmt/format.h>

#include "sql/ordered_expression.h"
#include "sql/parser.h"
#include "sql/row_sight.h"
#include "sql/unpivot.h"

namespace anabranch::sql {
namespace {

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Expr star() {
  Expr out;
  out.kind = Expr::Kind::star;
  return out;
}

Expr named(Expr expr, std::string alias) {
  expr.alias = std::move(alias);
  return expr;
}

// What a query gives, with its order as its last columns.
struct Spelled {
  Select select;
  std::vector<OrderKey> order;
  bool is_of_events = false;
  bool is_known = true;  // false: it has an order that cannot be shown
};

struct NamedQuery {  // a CTE
  std::string name;
  std::vector<OrderKey> order;
  std::set<std::string> columns;  // visible, as far as they are known
  bool is_of_events = false;
  bool is_known = true;
};

std::vector<std::string> names_of(const std::vector<OrderKey>& order) {
  std::vector<std::string> names;
  for (const OrderKey& key : order) names.push_back(key.column);
  return names;
}

OrderItem item_of(const OrderKey& key, Expr expr) {
  OrderItem item = order_by(std::move(expr));
  item.is_descending = key.is_descending;
  item.nulls = key.nulls;
  return item;
}

// The names that a query gives its columns, as far as they stand in it.
std::set<std::string> visible_columns(const Select& select) {
  const Select* first = &select;
  while (!first->operands.empty()) first = &first->operands[0];
  std::set<std::string> names;
  for (const Expr& item : first->items) {
    if (!item.alias.empty()) {
      names.insert(item.alias);
    } else if (item.kind == Expr::Kind::column) {
      names.insert(item.path.back());
    }
  }
  return names;
}

class Speller {
 public:
  Speller(const OrderedRelations& relations, const FunctionNames& aggregates)
      : relations_(relations), aggregates_(aggregates) {}

  Spelled spell(Select select, std::vector<NamedQuery> ctes, bool shows_order) {
    for (Cte& cte : select.ctes) {
      NamedQuery named{cte.name, {}, visible_columns(*cte.query), false, true};
      for (const std::string& alias : cte.column_aliases) named.columns.insert(alias);
      Spelled inner = spell(*cte.query, ctes, true);
      cte.query = std::move(inner.select);
      named.order = std::move(inner.order);
      named.is_of_events = inner.is_of_events;
      named.is_known = inner.is_known;
      ctes.push_back(std::move(named));
    }
    if (!select.set_operation.empty()) return spell_set_operation(std::move(select), ctes, shows_order);
    const bool uses_order = shows_order || depends_on_order(select);
    RowSight sight;
    look(select.from, ctes, sight, uses_order);
    const std::vector<Expr> written = select.items;
    sights_.push_back(&sight);
    const auto own = [&](Expr& expr) {
      const std::string alias = expr.alias;
      expr = inside(sight.without_layers(expr), ctes, sight);
      expr.alias = alias;
    };
    for (Expr& item : select.items) own(item);
    if (select.where) own(*select.where);
    for (Expr& group : select.group_by) own(group);
    if (select.having) own(*select.having);
    if (select.qualify) own(*select.qualify);
    for (Expr& target : select.distinct_on) own(target);
    for (OrderItem& item : select.order_by) own(*item.expr);
    if (select.limit) own(*select.limit);
    if (select.offset) own(*select.offset);
    sights_.pop_back();
    return order(std::move(select), written, sight, shows_order);
  }

  bool is_refused = false;
  bool keeps_names = true;

 private:
  // ---- FROM ----

  void look(TableRef& table, const std::vector<NamedQuery>& ctes, RowSight& sight, bool uses_order) {
    switch (table.kind) {
      case TableRef::Kind::base:
        return look_at_base(table, ctes, sight, uses_order);
      case TableRef::Kind::subquery: {
        const auto columns = visible_columns(*table.query);
        Spelled inner = spell(*table.query, ctes, uses_order);
        table.query = std::move(inner.select);
        if (!uses_order) return;
        is_refused = is_refused || !inner.is_known;
        if (table.alias.empty()) table.alias = unique();
        add_query(table, columns, inner.order, inner.is_of_events, sight);
        return;
      }
      case TableRef::Kind::join: {
        is_refused = is_refused || (uses_order && !table.alias.empty());
        const bool is_positional = table.join_kind == TableRef::JoinKind::positional;
        RowSight right;
        look(*table.left, ctes, sight, uses_order || is_positional);
        if (is_positional) put_in_order(*table.left, sight);
        RowSight both = sight;
        look(*table.right, ctes, is_positional ? right : both, uses_order || is_positional);
        if (is_positional) {
          put_in_order(*table.right, right);
          for (HiddenColumns& one : right.hidden) both.hidden.push_back(std::move(one));
          append(both.events, right.events);
          append(both.tables, right.tables);
          for (const auto& [column, alias] : right.owners) both.add_column(alias, column);
        }
        for (const std::string& column : table.using_columns) both.owners[lower(column)].clear();
        if (table.join_kind == TableRef::JoinKind::natural) {
          for (auto& [column, alias] : both.owners) alias.clear();
        }
        if (table.condition) {
          sights_.push_back(&both);
          table.condition = inside(both.without_layers(*table.condition), ctes, both);
          sights_.pop_back();
        }
        if (table.join_type != "SEMI" && table.join_type != "ANTI") sight = std::move(both);
        return;
      }
      case TableRef::Kind::function:
        return look_at_function(table, ctes, sight, uses_order);
      case TableRef::Kind::values:
        if (uses_order) look_at_values(table, sight);
        return;
      case TableRef::Kind::empty:
        return;
    }
  }

  void look_at_base(TableRef& table, const std::vector<NamedQuery>& ctes, RowSight& sight, bool uses_order) {
    if (table.schema.empty()) {
      for (auto cte = ctes.rbegin(); cte != ctes.rend(); ++cte) {
        if (!same_name(cte->name, table.name)) continue;
        return look_at_cte(table, *cte, sight, uses_order);
      }
      return;
    }
    const auto found = relations_.find(lower(table.schema + "." + table.name));
    if (found == relations_.end()) return;
    const OrderedRelation& relation = found->second;
    if (!uses_order && relation.named_columns.empty()) return;
    if (table.alias.empty()) {
      sight.layered.emplace_back(table.schema, table.name);
      table.alias = table.name;
    }
    Select rows;
    std::set<std::string> columns;
    for (const auto* names : {&relation.columns, &relation.named_columns}) {
      for (const std::string& name : *names) {
        rows.items.push_back(column(name));
        columns.insert(name);
      }
    }
    std::vector<OrderKey> order;
    if (uses_order) {
      for (OrderKey key : relation.order) {
        const std::string name = unique();
        rows.items.push_back(named(column(key.column), name));
        key.column = name;
        order.push_back(std::move(key));
      }
    }
    TableRef query = subquery_table({}, table.alias);
    query.column_aliases = table.column_aliases;
    query.position = table.position;
    rows.from.kind = TableRef::Kind::base;
    rows.from.schema = table.schema;
    rows.from.name = relation.ordered_name;
    query.query = std::move(rows);
    table = std::move(query);
    add_query(table, columns, order, relation.is_of_events, sight);
    if (!relation.named_columns.empty()) sight.hidden.push_back({table.alias, relation.named_columns});
  }

  // The order of a CTE has the same names wherever it is read; here it gets others.
  void look_at_cte(TableRef& table, const NamedQuery& cte, RowSight& sight, bool uses_order) {
    if (uses_order) is_refused = is_refused || !cte.is_known;
    if (cte.order.empty()) return;
    if (table.alias.empty()) table.alias = table.name;
    Expr all = star();
    for (const OrderKey& key : cte.order) {
      if (is_ours(key.column)) all.exclude.push_back({key.column});
    }
    Select rows;
    rows.items.push_back(std::move(all));
    std::vector<OrderKey> order;
    if (uses_order) {
      for (OrderKey key : cte.order) {
        const std::string name = unique();
        rows.items.push_back(named(column(key.column), name));
        key.column = name;
        order.push_back(std::move(key));
      }
    }
    rows.from.kind = TableRef::Kind::base;
    rows.from.name = table.name;
    TableRef query = subquery_table(std::move(rows), table.alias);
    query.column_aliases = table.column_aliases;
    query.position = table.position;
    table = std::move(query);
    add_query(table, cte.columns, order, cte.is_of_events, sight);
  }

  void look_at_function(TableRef& table, const std::vector<NamedQuery>& ctes, RowSight& sight,
                        bool uses_order) {
    if (!table.function) return;
    if (is_unpivot(table)) return look_at_unpivot(table, ctes, sight, uses_order);
    const std::string name = table.function->name;
    table.function = inside(sight.without_layers(*table.function), ctes, sight);
    if (!uses_order || !is_one_of(name, {"unnest", "range", "generate_series"})) return;
    if (table.alias.empty()) table.alias = name;
    if (table.column_aliases.empty()) table.column_aliases = {name};
    if (table.has_ordinality) {
      if (table.column_aliases.size() < 2) table.column_aliases.emplace_back("ordinality");
      for (const std::string& column : table.column_aliases) sight.add_column(table.alias, column);
    } else {
      for (const std::string& column : table.column_aliases) sight.add_column(table.alias, column);
      table.has_ordinality = true;
      table.column_aliases.push_back(unique());
      sight.hidden.push_back({table.alias, {table.column_aliases.back()}});
    }
    sight.tables.push_back(order_by(column(table.alias, table.column_aliases.back())));
  }

  // What orders its rows goes through it as columns that are no entries; those of one row are numbered.
  void look_at_unpivot(TableRef& table, const std::vector<NamedQuery>& ctes, RowSight& sight, bool is_used) {
    Select rows = unpivoted_rows(*table.function);
    RowSight source;
    look(rows.from, ctes, source, is_used);
    rows.items[0] = source.without_hidden(rows.items[0]);
    if (table.alias.empty()) table.alias = unique();
    std::vector<std::string> places;
    auto& order = source.events.empty() ? sight.tables : sight.events;
    for (const OrderItem& key : is_used ? source.keys() : std::vector<OrderItem>{}) {
      rows.items.push_back(named(*key.expr, places.emplace_back(unique())));
      order.push_back(key);
      order.back().expr = column(table.alias, places.back());
    }
    source.hidden = {{set_unpivoted_rows(*table.function, std::move(rows)), places}};
    for (Expr& entry : table.function->query->items)
      entry = named(inside(source.without_layers(entry), ctes, source), entry.alias);
    if (!is_used) return;
    is_refused = is_refused || !table.column_aliases.empty();
    number_rows(table, places.emplace_back(unique()));
    order.push_back(order_by(column(table.alias, places.back())));
    sight.hidden.push_back({table.alias, std::move(places)});
  }

  void look_at_values(TableRef& table, RowSight& sight) {
    if (table.values.empty() || table.alias == "valueslist") return;  // alone: they are in order
    for (size_t i = table.column_aliases.size(); i < table.values[0].size(); ++i)
      table.column_aliases.push_back(fmt::format("col{}", i));
    for (const std::string& column : table.column_aliases) sight.add_column(table.alias, column);
    const std::string place = unique();
    table.column_aliases.push_back(place);
    size_t number = 0;
    for (auto& row : table.values) row.push_back(text_expr(fmt::to_string(number++)));
    sight.hidden.push_back({table.alias, {place}});
    sight.tables.push_back(order_by(column(table.alias, place)));
  }

  static void add_query(const TableRef& table, const std::set<std::string>& columns,
                        const std::vector<OrderKey>& order, bool is_of_events, RowSight& sight) {
    std::vector<std::string> hidden;
    for (const std::string& name : names_of(order)) {
      if (is_ours(name)) hidden.push_back(name);
    }
    if (!hidden.empty()) sight.hidden.push_back({table.alias, hidden});
    for (const OrderKey& key : order)
      (is_of_events ? sight.events : sight.tables).push_back(item_of(key, column(table.alias, key.column)));
    if (table.column_aliases.empty()) {
      for (const std::string& name : columns) sight.add_column(table.alias, name);
    }
    for (const std::string& name : table.column_aliases) sight.add_column(table.alias, name);
  }

  // A side of a positional join: its rows as they follow each other.
  void put_in_order(TableRef& table, const RowSight& sight) {
    if (table.kind != TableRef::Kind::subquery) return;
    Select rows;
    rows.items.push_back(star());
    rows.order_by = sight.keys();
    TableRef inner = table;
    rows.from = std::move(inner);
    TableRef query = subquery_table(std::move(rows), table.alias);
    table = std::move(query);
  }

  // ---- expressions ----

  // Subqueries spelled, `*` without hidden columns.
  Expr inside(const Expr& expr, const std::vector<NamedQuery>& ctes, const RowSight& sight) {
    return rewrite(expr, [&](const Expr& node) -> Box<Expr> {
      if (node.kind == Expr::Kind::star) {
        Expr out = sight.without_hidden(node);
        for (auto& [name, value] : out.replace) value = inside(value, ctes, sight);
        return out;
      }
      if (node.is("columns")) {
        Box<Expr> out = sight.columns_without_hidden(node);
        if (!out) is_refused = true;
        keeps_names = keeps_names && !sight.has_hidden();
        return out ? std::move(out) : Box<Expr>(node);
      }
      if (node.kind == Expr::Kind::column && node.path.size() == 1) {
        for (const RowSight* one : sights_) is_refused = is_refused || one->is_row(node.path[0]);
      }
      if (!node.query) return {};
      Expr out = node;
      out.query = spell(*node.query, ctes, false).select;
      for (Expr& child : out.children) child = inside(child, ctes, sight);
      return out;
    });
  }

  bool has_aggregate(const Expr& expr) const {
    bool is_found = false;
    visit_expr(expr, [&](const Expr& node) {
      if (node.kind == Expr::Kind::call)
        is_found = is_found || aggregates_.contains(node.name) || is_aggregate_macro(node.name);
      return !is_found && node.kind != Expr::Kind::subquery;
    });
    return is_found;
  }

  // What the groups are told apart by, as expressions that may stand anywhere in this SELECT.
  std::vector<OrderItem> group_keys(const Select& select, const RowSight& sight) const {
    std::vector<Expr> groups;
    if (select.is_group_by_all) {
      for (const Expr& item : select.items) {
        if (item.kind == Expr::Kind::star) return {};
        if (!has_aggregate(item)) groups.push_back(item);
      }
    }
    for (const Expr& group : select.group_by) {
      const Expr* key = &group;
      for (size_t i = 0; i < select.items.size(); ++i) {
        const bool is_place = group.kind == Expr::Kind::constant && to_sql(group) == fmt::to_string(i + 1);
        const bool is_alias = group.kind == Expr::Kind::column && group.path.size() == 1 &&
                              same_name(group.path[0], select.items[i].alias) &&
                              !sight.owners.contains(lower(group.path[0]));
        if (is_place || is_alias) key = &select.items[i];
      }
      groups.push_back(*key);
    }
    std::vector<OrderItem> keys;
    std::set<std::string> known;
    for (Expr& group : groups) {
      group.alias.clear();
      const Expr key = sight.qualified(group);
      if (key.kind != Expr::Kind::constant && known.insert(to_sql(key)).second) keys.push_back(order_by(key));
    }
    if (!select.grouping_sets.empty() && !groups.empty() && groups.size() < 60)
      keys.push_back(order_by(number_of_set(select.grouping_sets, groups)));
    return keys;
  }

  // The place of a row's grouping set among all.
  static Expr number_of_set(const std::vector<std::vector<size_t>>& sets, const std::vector<Expr>& groups) {
    Expr grouping;
    grouping.kind = Expr::Kind::other;
    grouping.name = "grouping";
    grouping.children = groups;
    std::string text = "CASE " + to_sql(grouping);
    for (size_t i = 0; i < sets.size(); ++i) {
      uint64_t left_out = 0;
      for (size_t group = 0; group < groups.size(); ++group) {
        const bool is_in = std::find(sets[i].begin(), sets[i].end(), group) != sets[i].end();
        left_out = left_out * 2 + (is_in ? 0 : 1);
      }
      text += fmt::format(" WHEN {} THEN {}", left_out, i);
    }
    return text_expr(text + " END");
  }

  // ---- a SELECT ----

  Spelled order(Select select, const std::vector<Expr>& written, const RowSight& sight, bool shows_order) {
    bool is_aggregated =
        !select.group_by.empty() || !select.grouping_sets.empty() || select.is_group_by_all || select.having;
    for (const Expr& item : select.items) is_aggregated = is_aggregated || has_aggregate(item);
    const std::vector<OrderItem> rows = sight.keys();
    const std::vector<OrderItem> keys = is_aggregated ? group_keys(select, sight) : rows;
    const auto spell_expr = [&](Expr& expr) {
      const std::string alias = expr.alias;
      expr = with_order(expr, rows, keys, aggregates_);
      expr.alias = alias;
    };
    for (Expr& item : select.items) spell_expr(item);
    if (select.having) spell_expr(*select.having);
    if (select.qualify) spell_expr(*select.qualify);
    for (OrderItem& item : select.order_by) spell_expr(*item.expr);
    for (size_t i = 0; i < written.size(); ++i) keep_name(select.items[i], written[i]);
    Spelled out;
    out.is_of_events = !sight.events.empty();
    const bool is_limited = select.limit || select.offset;
    const bool is_by_all = std::any_of(select.order_by.begin(), select.order_by.end(), is_all);
    if (select.is_distinct) return order_distinct(std::move(select), std::move(out), shows_order);
    std::vector<OrderItem> shown = shows_order ? written_order(select, out) : std::vector<OrderItem>{};
    std::vector<OrderItem> places = unnested_places(select);
    std::vector<OrderItem> ties = keys;
    std::vector<std::string> extra;  // items of ours, by their names
    if (is_limited || shows_order) {
      for (OrderItem& place : places) {
        place.expr = add_item(select, std::move(*place.expr), extra);
        ties.push_back(place);
      }
    }
    if (!is_by_all && (!select.distinct_on.empty() || is_limited)) append(select.order_by, ties);
    append(shown, ties);
    if (shows_order && out.is_known) {
      for (OrderItem& item : shown) {
        const Expr by = *item.expr;
        const bool is_there = by.kind == Expr::Kind::column && is_ours(by.path.back()) && by.path.size() == 1;
        if (!is_there) item.expr = add_item(select, by, extra);
        out.order.push_back({item.expr->path.back(), item.is_descending, item.nulls});
      }
      out.select = std::move(select);
    } else {
      out.select = extra.empty() ? std::move(select) : without(std::move(select), extra);
    }
    return out;
  }

  static bool is_all(const OrderItem& item) {
    return item.expr->kind == Expr::Kind::star || item.expr->is("columns") ||
           lower(to_sql(*item.expr)) == "all";
  }

  // An item of ours at the end; gives its name as a column.
  Expr add_item(Select& select, Expr expr, std::vector<std::string>& names) {
    const std::string name = unique();
    select.items.push_back(named(std::move(expr), name));
    names.push_back(name);
    return column(name);
  }

  void keep_name(Expr& item, const Expr& written) {
    if (!item.alias.empty() || item.kind == Expr::Kind::column || item.kind == Expr::Kind::star) return;
    bool has_columns = false;  // it is several items
    visit_expr(item, [&](const Expr& node) {
      has_columns = has_columns || node.kind == Expr::Kind::star || node.is("columns");
      return true;
    });
    const bool is_unnest = item.kind == Expr::Kind::call && item.name == "unnest";  // of a struct: so too
    if (to_sql(item) == to_sql(written)) return;
    if (has_columns || is_unnest) {
      keeps_names = false;
    } else {
      item.alias = output_name(written);
    }
  }

  // unnest among the items gives rows of one place: each has a number.
  static std::vector<OrderItem> unnested_places(const Select& select) {
    std::vector<Expr> lengths;
    for (const Expr& item : select.items) {
      visit_expr(item, [&](const Expr& node) {
        if (node.kind == Expr::Kind::call && node.name == "unnest" && node.children.size() == 1)
          lengths.push_back(call("len", node.children));
        return node.kind != Expr::Kind::subquery;
      });
    }
    if (lengths.empty()) return {};
    Expr longest = lengths.size() == 1 ? lengths[0] : call("greatest", lengths);
    return {order_by(call("unnest", {call("range", {std::move(longest)})}))};
  }

  // ORDER BY as expressions that may be items.
  static std::vector<OrderItem> written_order(const Select& select, Spelled& out) {
    std::vector<OrderItem> shown;
    const bool has_star = std::any_of(select.items.begin(), select.items.end(), [](const Expr& item) {
      return item.kind == Expr::Kind::star || item.is("columns");
    });
    for (const OrderItem& item : select.order_by) {
      if (is_all(item)) {
        out.is_known = false;
        return {};
      }
      OrderItem own = item;
      for (size_t i = 0; i < select.items.size(); ++i) {
        const Expr& by = *item.expr;
        const bool is_place = by.kind == Expr::Kind::constant && to_sql(by) == fmt::to_string(i + 1);
        const bool is_alias = by.kind == Expr::Kind::column && by.path.size() == 1 &&
                              same_name(by.path[0], select.items[i].alias);
        if (is_place && has_star) out.is_known = false;
        if (is_place || is_alias) own.expr = select.items[i];
      }
      own.expr->alias.clear();
      if (own.expr->kind == Expr::Kind::constant && has_star) out.is_known = false;
      if (own.expr->kind != Expr::Kind::constant) shown.push_back(std::move(own));
    }
    return shown;
  }

  // Rows that are there once: by all of their columns.
  Spelled order_distinct(Select select, Spelled out, bool shows_order) {
    if (select.limit || select.offset) {
      const bool has_star = std::any_of(select.items.begin(), select.items.end(), [](const Expr& item) {
        return item.kind == Expr::Kind::star || item.is("columns") || item.name == "unnest";
      });
      if (select.order_by.empty()) {
        select.order_by.push_back(order_by(text_expr("ALL")));
      } else if (!has_star) {
        for (size_t i = 0; i < select.items.size(); ++i)
          select.order_by.push_back(order_by(text_expr(fmt::to_string(i + 1))));
      }
    }
    if (!shows_order) {
      out.select = std::move(select);
      return out;
    }
    for (const OrderItem& item : select.order_by) {
      if (is_all(item)) break;
      if (item.expr->kind == Expr::Kind::text) continue;
      if (item.expr->kind != Expr::Kind::column || item.expr->path.size() != 1) out.is_known = false;
      out.order.push_back(
          {item.expr->path.empty() ? "" : item.expr->path.back(), item.is_descending, item.nulls});
    }
    if (!out.is_known) {
      out.order.clear();
      out.select = std::move(select);
      return out;
    }
    return with_row(std::move(select), std::move(out));
  }

  // The query, with its rows as a last column that orders them.
  Spelled with_row(Select select, Spelled out) {
    keeps_names = false;
    const std::string alias = unique();
    const std::string name = unique();
    Select rows;
    rows.items.push_back(star());
    rows.items.push_back(named(column(alias), name));
    rows.from = subquery_table(std::move(select), alias);
    out.order.push_back({name});
    out.select = std::move(rows);
    return out;
  }

  Select without(Select select, const std::vector<std::string>& columns) {
    keeps_names = false;
    Select rows;
    Expr all = star();
    for (const std::string& name : columns) all.exclude.push_back({name});
    rows.items.push_back(std::move(all));
    rows.from = subquery_table(std::move(select), unique());
    return rows;
  }

  // ---- set operations ----

  Spelled spell_set_operation(Select select, const std::vector<NamedQuery>& ctes, bool shows_order) {
    const bool is_limited = select.limit || select.offset;
    const bool uses_order = shows_order || is_limited;
    const bool keeps_rows = select.set_operation.starts_with("UNION ALL");
    Spelled out;
    std::vector<Spelled> operands;
    for (Select& operand : select.operands) {
      operands.push_back(spell(std::move(operand), ctes, uses_order && keeps_rows));
      out.is_of_events = out.is_of_events || operands.back().is_of_events;
      out.is_known = out.is_known && operands.back().is_known;
    }
    if (uses_order && keeps_rows && !out.is_known) is_refused = true;
    std::vector<OrderItem> written = select.order_by;
    for (const OrderItem& item : written) {
      const bool is_name = item.expr->kind == Expr::Kind::column && item.expr->path.size() == 1;
      if (shows_order && !is_name) out.is_known = false;
      if (is_name) out.order.push_back({item.expr->path[0], item.is_descending, item.nulls});
    }
    const auto done = [&](Select spelled) {
      if (!shows_order || !out.is_known) out.order.clear();
      out.select = std::move(spelled);
      return out;
    };
    if (!keeps_rows || !uses_order) {
      for (size_t i = 0; i < operands.size(); ++i) select.operands[i] = std::move(operands[i].select);
      if (!uses_order || !out.is_known) return done(std::move(select));
      if (!is_limited) return with_row(std::move(select), out);
      // Each row is there once, or like others that are the same: by all of its columns.
      keeps_names = false;
      const std::string alias = unique();
      Select rows;
      rows.items.push_back(star());
      rows.order_by = std::move(select.order_by);
      rows.order_by.push_back(order_by(column(alias)));
      rows.limit = std::move(select.limit);
      rows.offset = std::move(select.offset);
      rows.is_limit_percent = select.is_limit_percent;
      select.order_by.clear();
      select.limit = select.offset = {};
      select.is_limit_percent = false;
      if (shows_order) {
        const std::string name = unique();
        rows.items.push_back(named(column(alias), name));
        out.order.push_back({name});
      }
      rows.from = subquery_table(std::move(select), alias);
      return done(std::move(rows));
    }
    // The rows of the first one, then those of the second one: each has columns of its own for its order.
    std::vector<OrderKey> order = {{unique()}};
    for (const Spelled& operand : operands) {
      for (const OrderKey& key : operand.order) order.push_back({unique(), key.is_descending, key.nulls});
    }
    size_t from = 1;
    for (size_t i = 0; i < operands.size(); ++i) {
      const std::vector<OrderKey>& own = operands[i].order;
      Select rows;
      Expr all = star();
      for (const OrderKey& key : own) {
        if (is_ours(key.column)) all.exclude.push_back({key.column});
      }
      rows.items.push_back(std::move(all));
      rows.items.push_back(named(text_expr(fmt::to_string(i)), order[0].column));
      for (size_t k = 1; k < order.size(); ++k) {
        const bool is_own = k >= from && k < from + own.size();
        rows.items.push_back(
            named(is_own ? column(own[k - from].column) : text_expr("NULL"), order[k].column));
      }
      from += own.size();
      rows.from = subquery_table(std::move(operands[i].select), unique());
      select.operands[i] = std::move(rows);
    }
    if (is_limited) {
      for (const OrderKey& key : order) select.order_by.push_back(item_of(key, column(key.column)));
    }
    if (!shows_order || !out.is_known) return done(without(std::move(select), names_of(order)));
    out.order.insert(out.order.end(), order.begin(), order.end());
    return done(std::move(select));
  }

  static constexpr std::string_view prefix = "anabranch:";
  static bool is_ours(std::string_view name) { return name.starts_with(prefix); }
  std::string unique() { return fmt::format("{}{}", prefix, ++next_); }

  const OrderedRelations& relations_;
  const FunctionNames& aggregates_;
  std::vector<const RowSight*> sights_;  // of the SELECTs around, innermost last
  int next_ = 0;
};

}  // namespace

Result<SpelledOrder> spell_order(const Select& select, const OrderedRelations& relations, bool shows_order,
                                 const FunctionNames& aggregates) {
  if (to_sql(select).find("\"anabranch:") != std::string::npos)
    return fail(Code::refused, "it has names of the platform's own");
  Speller speller(relations, aggregates);
  Spelled spelled = speller.spell(select, {}, shows_order);
  if (speller.is_refused || (shows_order && !spelled.is_known))
    return fail(Code::refused, "its order cannot be told apart from what it reads");
  return SpelledOrder{std::move(spelled.select), std::move(spelled.order), speller.keeps_names};
}

}  // namespace anabranch::sql
