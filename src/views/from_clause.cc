#include "views/from_clause.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/mistake.h"
#include "sql/parser.h"
#include "sql/unpivot.h"
#include "views/nearest_row.h"
#include "views/table_rows.h"

namespace anabranch::views {

using sql::Expr;
using sql::Select;
using sql::TableRef;

namespace {

std::string qualified(const std::string& alias, std::string_view column) {
  return sql::to_sql(sql::column(alias, std::string(column)));
}

constexpr std::string_view place_column = "anabranch:at";

class Analysis {
 public:
  Analysis(const Relations& relations, std::string_view text) : relations_(relations), text_(text) {}

  FromClause run(const TableRef& from) {
    out_.table = from;
    walk(out_.table);
    out_.rows_table = out_.table;
    add_places(out_.rows_table);
    join_by_ranges(out_.rows_table);
    finish_order();
    return std::move(out_);
  }

 private:
  // Returns whether events come out of this table.
  bool walk(TableRef& table) {
    switch (table.kind) {
      case TableRef::Kind::base:
        return walk_base(table);
      case TableRef::Kind::join:
        return walk_join(table);
      case TableRef::Kind::function:
        walk_function(table);
        return false;
      case TableRef::Kind::subquery:
        if (is_table_value(table)) {
          out_.scope.add({table.alias, {}, table.column_aliases});
          return false;
        }
        if (is_table_rows(table)) {
          out_.has_fan_out = true;
          is_ordered_ = false;
          out_.scope.add({table.alias, table.column_aliases, {}});
          return false;
        }
        obstacle("derived table", "a derived table or CTE is computed when the view is read", table.position);
        return false;
      case TableRef::Kind::values:
        is_ordered_ = false;
        is_resolvable_ = is_resolvable_ && !table.column_aliases.empty();
        out_.scope.add({table.alias, table.column_aliases, {}});
        return false;
      case TableRef::Kind::empty:
        return false;
    }
    return false;
  }

  bool walk_base(TableRef& table) {
    std::string full_name = sql::lower(table.name);
    if (full_name.ends_with('!')) full_name.pop_back();
    const auto found = relations_.find(full_name);
    if (table.schema != sql::relation_schema || found == relations_.end()) {
      obstacle("FROM", fmt::format("{} is not a stream, table or view", full_name), table.position);
      return false;
    }
    const Relation& relation = found->second;
    table.name = relation.name;
    ScopeRelation in_scope{table.alias, {}, {}};
    for (const auto& column : relation.columns) in_scope.columns.push_back(column.name);
    for (size_t i = 0; i < table.column_aliases.size() && i < in_scope.columns.size(); ++i) {
      in_scope.columns[i] = table.column_aliases[i];
    }
    for (size_t i = 0; i < relation.columns.size(); ++i)
      types_[sql::lower(table.alias + "." + in_scope.columns[i])] = relation.columns[i].type;
    for (const auto& column : relation.hidden_columns) in_scope.hidden_columns.push_back(column.name);
    out_.scope.add(std::move(in_scope));
    const std::string& alias = table.alias;
    switch (relation.kind) {
      case Relation::Kind::stream:
        add_events(table.position);
        out_.event_table = table;
        set_place(alias, model::partition_column, model::offset_column);
        base_order_ = fmt::format("({}{} * 65536 + {})", qualified(alias, model::offset_column),
                                  is_planted("the order of events wraps") ? " % 64" : "",
                                  qualified(alias, model::partition_column));
        out_.ingested_at = qualified(alias, model::ingested_at_column);
        out_.event_alias = alias;
        return true;
      case Relation::Kind::linear_view:
        add_events(table.position);
        out_.event_table = table;
        set_place(alias, row_partition_column, row_offset_column);
        is_ordered_ = is_ordered_ && relation.hidden(order_column) != nullptr;
        base_order_ = qualified(alias, order_column);
        if (!is_ordered_) {
          for (const sql::OrderKey& key : relation.order)
            out_.written_order.push_back({sql::column(alias, key.column), key.is_descending, key.nulls});
        }
        base_has_tables_ = is_ordered_ && relation.hidden(order_column)->type == "HUGEINT";
        // Its rows are one an event where the place of the event is their whole order.
        out_.has_fan_out = out_.has_fan_out || base_has_tables_ || !is_ordered_;
        return true;
      case Relation::Kind::table:
        out_.has_fan_out = true;
        table_rows_.push_back(qualified(alias, row_column));
        return false;
      case Relation::Kind::table_in_place:
        obstacle("FROM",
                 fmt::format("{} is larger than the memory for tables (limits.tables_memory_bytes), so it is "
                             "read from its file when the view is read",
                             relation.name),
                 table.position);
        return false;
      case Relation::Kind::other_view:
        obstacle("FROM",
                 fmt::format("{} is aggregated, keyed or limited: what reads it runs over its merged result",
                             relation.is_block ? "a derived table or CTE" : relation.name),
                 table.position);
        return false;
    }
    return false;
  }

  void add_events(sql::Position position) {
    ++out_.event_sources;
    if (out_.event_sources > 1) {
      obstacle("FROM", "it joins events with events, of which only one side is new at a time", position);
    }
  }

  void set_place(const std::string& alias, std::string_view partition, std::string_view offset) {
    out_.partition = qualified(alias, partition);
    out_.offset = qualified(alias, offset);
  }

  bool walk_join(TableRef& table) {
    const size_t before_relations = out_.scope.relations().size();
    const bool is_left = walk(*table.left);
    const size_t left_relations = out_.scope.relations().size();
    const size_t left_tables = table_rows_.size();
    const bool is_right = walk(*table.right);
    if (table.join_kind == TableRef::JoinKind::positional) {
      obstacle("JOIN", "a positional join depends on rows around it", table.position);
    }
    if (table.join_kind == TableRef::JoinKind::natural)
      name_natural_columns(table, before_relations, left_relations);
    out_.scope.add_using(table.using_columns);
    const bool is_preserved =
        table.join_type == "INNER" ||
        (is_left && (table.join_type == "LEFT" || table.join_type == "SEMI" || table.join_type == "ANTI")) ||
        (is_right && table.join_type == "RIGHT") || (!is_left && !is_right);
    if (!is_preserved) {
      obstacle(table.join_type + " JOIN",
               "the events are not on the preserved side, so a later event can change earlier rows",
               table.position);
    }
    if (table.condition) {
      // Names in ON are resolved in the scope so far, as everything else is later.
      table.condition = sql::rewrite(*table.condition, [&](const Expr& node) -> Box<Expr> {
        if (node.kind == Expr::Kind::subquery) {
          obstacle("JOIN", "its condition has a subquery", node.position);
          return {};
        }
        if (node.kind != Expr::Kind::column) return {};
        if (auto full = out_.scope.resolve(node)) return std::move(*full);
        obstacle("JOIN",
                 fmt::format("{} is not a column of a stream, a table or a view that is kept by its rows",
                             sql::to_sql(node)),
                 node.position);
        return node;
      });
    }
    if (table.join_kind == TableRef::JoinKind::asof &&
        (!is_left || is_right || !views::join_by_ranges(table, types_)))
      obstacle("ASOF JOIN",
               "it is not of events with a table ON the same columns and one value that is compared with a "
               "column of the table",
               table.position);
    if (table.join_type == "SEMI" || table.join_type == "ANTI") {
      out_.scope.keep_first(left_relations);
      table_rows_.resize(left_tables);
    }
    return is_left || is_right;
  }

  // NATURAL means the columns that both sides have; written out, as our relations have hidden columns too.
  void name_natural_columns(TableRef& table, size_t before, size_t between) {
    const auto& relations = out_.scope.relations();
    for (size_t i = before; i < between; ++i) {
      for (const std::string& column : relations[i].columns) {
        for (size_t j = between; j < relations.size(); ++j) {
          const auto is_same = [&](const std::string& other) { return sql::same_name(column, other); };
          const bool is_common =
              std::any_of(relations[j].columns.begin(), relations[j].columns.end(), is_same);
          const bool is_there = std::any_of(table.using_columns.begin(), table.using_columns.end(), is_same);
          if (is_common && !is_there) table.using_columns.push_back(column);
        }
      }
    }
    table.join_kind = TableRef::JoinKind::on;
    if (table.using_columns.empty())
      obstacle("NATURAL JOIN", "its sides have no column in common", table.position);
  }

  // Each unnested value has a place in its list: part of the order of rows.
  void add_places(TableRef& table) {
    if (table.kind == TableRef::Kind::join) {
      add_places(*table.left);
      add_places(*table.right);
    }
    if (table.kind != TableRef::Kind::function || table.has_ordinality) return;
    table.has_ordinality = true;
    if (table.column_aliases.empty()) table.column_aliases = {table.function->name};
    table.column_aliases.emplace_back(place_column);
  }

  void join_by_ranges(TableRef& table) const {
    if (table.kind != TableRef::Kind::join) return;
    join_by_ranges(*table.left);
    join_by_ranges(*table.right);
    if (table.join_kind != TableRef::JoinKind::asof) return;
    if (auto ranges = views::join_by_ranges(table, types_)) table = std::move(*ranges);
  }

  void walk_function(TableRef& table) {
    // unnest(e.list) and the like: rows of the same event.
    out_.has_fan_out = true;
    const std::string& name = table.function->name;
    if (sql::is_unpivot(table)) {
      obstacle("UNPIVOT",
               "its columns have aliases or names that the engine alone can tell: it is done when the view "
               "is read",
               table.position);
    } else if (name != "unnest" && name != "range" && name != "generate_series") {
      obstacle("FROM", fmt::format("the table function {} is evaluated when the view is read", name),
               table.position);
    }
    table.function = sql::rewrite(*table.function, [&](const Expr& node) -> Box<Expr> {
      if (node.kind != Expr::Kind::column) return {};
      if (auto full = out_.scope.resolve(node)) return std::move(*full);
      obstacle("FROM",
               fmt::format("{} is not a column of a stream, a table or a view that is kept by its rows",
                           sql::to_sql(node)),
               node.position);
      return node;
    });
    if (table.alias.empty()) table.alias = name;
    std::vector<std::string> columns = table.column_aliases;
    if (columns.empty()) columns = {name};
    std::string place(place_column);
    if (table.has_ordinality) {
      if (columns.size() < 2) columns.emplace_back("ordinality");
      place = columns.back();
    }
    table_rows_.push_back(qualified(table.alias, place));
    out_.scope.add({table.alias, columns, {}});
  }

  // offset and partition above, the row numbers of the joined tables below, most significant first.
  void finish_order() {
    if (out_.event_sources != 1 || !table_rows_.empty()) out_.written_order.clear();
    if (out_.event_sources != 1 || !is_ordered_) return;
    if (table_rows_.empty()) {
      out_.order = base_order_;
      out_.has_table_order = base_has_tables_;
      return;
    }
    if (base_has_tables_ || table_rows_.size() > 3) return;  // would not fit into 127 bits
    const int bits = table_rows_.size() == 1 ? 40 : table_rows_.size() == 2 ? 31 : 21;
    std::string order = fmt::format("{}::HUGEINT", base_order_);
    for (const std::string& row : table_rows_) {
      order = fmt::format("({} * {} + coalesce({}, 0))", order, int64_t{1} << bits, row);
    }
    out_.order = order;
    out_.has_table_order = true;
  }

  void obstacle(std::string clause, std::string reason, sql::Position position) {
    out_.obstacles.push_back({std::move(clause), std::move(reason), sql::place_at(text_, position)});
  }

  const Relations& relations_;
  const std::string_view text_;
  FromClause out_;
  std::string base_order_;
  bool base_has_tables_ = false;
  bool is_ordered_ = true;
  bool is_resolvable_ = true;
  std::vector<std::string> table_rows_;
  ColumnTypes types_;
};

void inline_into(TableRef& table, const std::vector<sql::Cte>& ctes);
void inline_into(Expr& expr, const std::vector<sql::Cte>& ctes);

// `ctes` are those in sight, innermost last, each already without CTEs inside.
Select inline_all(const Select& select, std::vector<sql::Cte> ctes) {
  Select out = select;
  for (sql::Cte cte : out.ctes) {
    cte.query = inline_all(*cte.query, ctes);
    ctes.push_back(std::move(cte));
  }
  out.ctes.clear();
  for (Select& operand : out.operands) operand = inline_all(operand, ctes);
  inline_into(out.from, ctes);
  sql::for_each_own_expr(out, [&](Expr& expr) { inline_into(expr, ctes); });
  return out;
}

void inline_into(TableRef& table, const std::vector<sql::Cte>& ctes) {
  if (table.kind == TableRef::Kind::join) {
    inline_into(*table.left, ctes);
    inline_into(*table.right, ctes);
  } else if (table.kind == TableRef::Kind::subquery) {
    table.query = inline_all(*table.query, ctes);
  } else if (table.kind == TableRef::Kind::base && table.schema.empty()) {
    for (auto cte = ctes.rbegin(); cte != ctes.rend(); ++cte) {
      if (!sql::same_name(cte->name, table.name)) continue;
      TableRef derived = sql::subquery_table(*cte->query, table.alias.empty() ? table.name : table.alias);
      derived.column_aliases = table.column_aliases.empty() ? cte->column_aliases : table.column_aliases;
      derived.position = table.position;
      table = std::move(derived);
      return;
    }
  }
}

void inline_into(Expr& expr, const std::vector<sql::Cte>& ctes) {
  if (expr.query) expr.query = inline_all(*expr.query, ctes);
  sql::for_each_child(expr, [&](Expr& child) { inline_into(child, ctes); });
}

}  // namespace

bool reads_only_tables(const Select& query, const Relations& relations) {
  bool is_so = true;
  sql::visit_selects(query, [&](const Select& inner) {
    sql::visit_tables(inner.from, [&](const TableRef& table) {
      if (table.kind != TableRef::Kind::base || table.schema != sql::relation_schema) return;
      std::string name = sql::lower(table.name);
      if (name.ends_with('!')) name.pop_back();
      const auto found = relations.find(name);
      is_so = is_so && found != relations.end() && found->second.kind == Relation::Kind::table;
    });
  });
  return is_so;
}

sql::Expr set_number() { return sql::column("anabranch:sets", "n"); }

std::string times_grouping_sets(const FromClause& from) {
  std::string numbers;
  for (size_t i = 0; i < from.grouping_sets; ++i) numbers += fmt::format("{}({})", i ? ", " : "", i);
  if (numbers.empty()) return "";
  return fmt::format(" CROSS JOIN (VALUES {}) AS \"anabranch:sets\"(n)", numbers);
}

FromClause analyse_from(const TableRef& from, const Relations& relations, std::string_view text) {
  return Analysis(relations, text).run(from);
}

Select inline_ctes(const Select& select) { return inline_all(select, {}); }

}  // namespace anabranch::views
