#include "views/maintained.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "base/join.h"
#include "base/mistake.h"
#include "sql/parser.h"
#include "views/aggregates.h"
#include "views/from_clause.h"
#include "views/functions.h"
#include "views/grouping_sets.h"
#include "views/guarded_rows.h"
#include "views/resolver.h"
#include "views/tie_order.h"
#include "views/top_n.h"
#include "views/unnested.h"

namespace anabranch::views {

using sql::Expr;
using sql::Select;

namespace {

// Columns of the rows stage that no expression of the SELECT gives.
constexpr std::string_view row_order = AggregatePlanner::order_name;
constexpr std::string_view row_partition = "_partition";
constexpr std::string_view row_offset = "_offset";

// Takes one resolved SELECT apart. Lives for one call of plan_maintained.
class Maintained {
 public:
  Maintained(Select select, FromClause from, std::string_view text, const Relations& relations,
             sql::Session& session, Plan& plan)
      : select_(std::move(select)),
        from_(std::move(from)),
        sets_(select_),
        text_(text),
        relations_(relations),
        session_(session),
        plan_(plan) {
    from_.grouping_sets = sets_.count();
  }

  Status run() {
    if (!check()) return {};
    const bool is_aggregated = !select_.group_by.empty() || !select_.grouping_sets.empty() ||
                               select_.having ||
                               std::any_of(select_.items.begin(), select_.items.end(), has_aggregate);
    const bool is_keyed = !is_aggregated && (select_.qualify || !select_.distinct_on.empty());
    if (!is_aggregated && select_.is_distinct && !is_keyed) {
      if (std::any_of(select_.items.begin(), select_.items.end(), has_window)) {
        refuse("SELECT", "a window over events needs all of them", position_of_window());
        return {};
      }
      // SELECT DISTINCT a, b is GROUP BY a, b.
      select_.group_by = select_.items;
      for (Expr& group : select_.group_by) group.alias.clear();
      select_.is_distinct = false;
      return aggregated();
    }
    if (is_aggregated) return aggregated();
    if (is_keyed) return keyed();
    return linear();
  }

 private:
  // ---- what stands in the way ----

  bool check() {
    for (const Reason& obstacle : from_.obstacles) plan_.reasons.push_back(obstacle);
    if (from_.event_sources == 0) {
      refuse("FROM", "it reads no events: it is computed from tables and merged results when it is read", -1);
    }
    if (const auto reason = sets_.obstacle()) refuse("GROUP BY", *reason, -1);
    if (select_.is_limit_percent) refuse("LIMIT", "a percentage is computed when the view is read", -1);
    // A subquery of pinned tables alone is the same for every event that comes; it stays in the rows stage.
    const auto clause = [&](const char* name, const Expr& expr, bool takes_tables) {
      sql::visit_expr(expr, [&](const Expr& node) {
        if (node.kind == Expr::Kind::subquery &&
            !(takes_tables && reads_only_tables(*node.query, relations_)))
          refuse(name, takes_tables ? "it has a subquery that reads events or views" : "it has a subquery",
                 node.position);
        if (is_collation(node) && !is_planted("collations are forgotten"))
          refuse(name, "under a collation, texts that differ are equal", node.position);
        if (depends_on_moment(node) && plan_.reasons.empty())
          refuse(name,
                 fmt::format("the value of {} depends on the moment when it is evaluated", sql::to_sql(node)),
                 node.position);
        return true;
      });
    };
    for (const Expr& item : select_.items) clause("SELECT", item, true);
    if (select_.where) clause("WHERE", *select_.where, true);
    for (const Expr& group : select_.group_by) clause("GROUP BY", group, true);
    if (select_.having) clause("HAVING", *select_.having, false);
    if (select_.qualify) clause("QUALIFY", *select_.qualify, false);
    for (const Expr& target : select_.distinct_on) clause("DISTINCT ON", target, false);
    for (const sql::OrderItem& item : select_.order_by) clause("ORDER BY", *item.expr, false);
    if (select_.limit) clause("LIMIT", *select_.limit, false);
    if (select_.offset) clause("OFFSET", *select_.offset, false);
    visit_tables(from_.table, [&](const sql::TableRef& table) {
      if (table.condition) clause("JOIN", *table.condition, false);
      if (table.function) clause("FROM", *table.function, false);
    });
    return plan_.reasons.empty();
  }

  void refuse(std::string clause, std::string reason, sql::Position position) {
    plan_.reasons.push_back({std::move(clause), std::move(reason), sql::place_at(text_, position)});
  }

  std::string output_name(size_t index) const { return plan_.columns.at(index).name; }
  // The column of an output in the rows and in their states.
  static std::string value_name(size_t index) { return fmt::format("c{}", index); }

  // `expr AS u0`, cast where its type is not the view's. An alias of the user's could hide a column of the
  // states in ORDER BY, so outputs have names of ours there too, and get the user's in a SELECT around it.
  std::string output(const std::string& expr, size_t index, bool is_cast) const {
    const std::string value = is_cast ? fmt::format("CAST({} AS {})", expr, plan_.columns[index].type) : expr;
    return fmt::format("{} AS u{}", value, index);
  }

  // ORDER BY and LIMIT; `ties` are added where a limit makes the order of ties visible.
  std::string tail(const std::vector<std::string>& orders, const std::vector<std::string>& ties) const {
    std::vector<std::string> all = orders;
    if (select_.limit || select_.offset || !select_.distinct_on.empty())
      all.insert(all.end(), ties.begin(), ties.end());
    std::string text;
    for (const std::string& order : all) text += (text.empty() ? " ORDER BY " : ", ") + order;
    if (select_.limit) text += " LIMIT " + sql::to_sql(*select_.limit);
    if (select_.limit && is_planted("LIMIT takes one more")) text += " + 1";
    if (select_.offset) text += " OFFSET " + sql::to_sql(*select_.offset);
    return text;
  }

  // ---- the rows stage and its parts ----

  Result<bool> finish_rows(RowColumns& rows) {
    auto guarded = guard_rows(rows.columns(), from_, select_.where, session_);
    if (!guarded) {
      if (guarded.error().code != Code::refused) return fail(std::move(guarded).error());
      refuse("SELECT", guarded.error().message, -1);
      return false;
    }
    plan_.rows = guarded->sql;
    plan_.has_table_order = from_.has_table_order;
    if (!guarded->errors.empty()) {
      StatePart part;
      part.name = errors_part;
      part.partial = guarded->errors;
      part.merge = "SELECT DISTINCT _partition, _offset FROM anabranch.states";
      part.keys = {"_partition", "_offset"};
      plan_.parts.push_back(std::move(part));
    }
    return true;
  }

  // Asks the engine for the types of all states and checks that merging keeps them.
  Result<bool> type_parts() {
    for (StatePart& part : plan_.parts) {
      part.columns = TRY(session_.describe(partial_query(plan_, part, {}, plan_.rows)));
      // A table of states has no type for it.
      for (const auto& column : part.columns) {
        if (column.type.find("STRUCT(") == std::string::npos ||
            session_.describe("SELECT NULL::" + column.type))
          continue;
        refuse("SELECT",
               "a row whose values have no names cannot be kept: write {'a': a, 'b': b} in place of (a, b)",
               -1);
        return false;
      }
      const auto merged = TRY(session_.describe(merge_query(part, typed_nulls(part))));
      if (merged != part.columns) {
        refuse("SELECT", "the partial results of an aggregate have another type than its result", -1);
        return false;
      }
    }
    return true;
  }

  static std::string typed_nulls(const StatePart& part) {
    std::string columns;
    for (const auto& column : part.columns) {
      append_item(columns, fmt::format("NULL::{} AS {}", column.type, sql::quote_identifier(column.name)));
    }
    return "SELECT " + columns;
  }

  // A column by which the rows of the view are ordered, over merged states.
  struct Shown {
    std::string sql;
    sql::OrderItem item;  // its direction
  };

  // `make` writes the final SELECT, with further items; items whose type the engine gives differently are
  // cast. `shown`: the order of its rows.
  Status finish_finalise(const std::function<std::string(const std::vector<bool>&, const std::string&)>& make,
                         const std::vector<Shown>& shown) {
    sql::Meanings states;
    for (const StatePart& part : plan_.parts) states[part.name] = sql::meaning(typed_nulls(part));
    std::vector<bool> is_cast(plan_.columns.size(), false);
    std::string names;
    for (size_t i = 0; i < plan_.columns.size(); ++i)
      names += fmt::format("{}u{} AS {}", i ? ", " : "", i, sql::quote_identifier(output_name(i)));
    const auto named = [&] { return fmt::format("SELECT {} FROM ({})", names, make(is_cast, "")); };
    plan_.finalise = named();
    const auto types = TRY(session_.describe(finalise_query(plan_, states)));
    for (size_t i = 0; i < types.size() && i < is_cast.size(); ++i)
      is_cast[i] = types[i].type != plan_.columns[i].type;
    plan_.finalise = named();
    TRY(session_.describe(finalise_query(plan_, states)));
    if (shown.empty()) return {};
    std::string items;
    for (size_t i = 0; i < shown.size(); ++i) {
      const std::string column = fmt::format("{}{}", order_columns_prefix, i);
      names += fmt::format(", h{} AS {}", i, sql::quote_identifier(column));
      items += fmt::format(", {} AS h{}", shown[i].sql, i);
      plan_.order.push_back({{column, shown[i].item.is_descending, shown[i].item.nulls}, ""});
    }
    plan_.ordered_finalise = fmt::format("SELECT {} FROM ({})", names, make(is_cast, items));
    const auto all = session_.describe(ordered_finalise_query(plan_, states));
    if (!all || all->size() != plan_.columns.size() + shown.size()) {
      plan_.order.clear();
      plan_.ordered_finalise.clear();
      return {};
    }
    for (size_t i = 0; i < shown.size(); ++i) plan_.order[i].type = (*all)[plan_.columns.size() + i].type;
    return {};
  }

  void give_up() {
    plan_.parts.clear();
    plan_.rows.clear();
    plan_.finalise.clear();
    plan_.inlined.clear();
    plan_.order.clear();
    plan_.ordered_finalise.clear();
    plan_.view_class = ViewClass::read_time;
  }

  // ---- linear ----

  Status linear() {
    const bool has_ordered_window = std::any_of(select_.order_by.begin(), select_.order_by.end(),
                                                [](const auto& item) { return has_window(*item.expr); });
    if (has_ordered_window || std::any_of(select_.items.begin(), select_.items.end(), has_window)) {
      refuse("SELECT", "a window over events needs all of them", position_of_window());
      return {};
    }
    RowColumns rows;
    for (size_t i = 0; i < select_.items.size(); ++i) rows.add_as(select_.items[i], value_name(i));
    std::vector<std::string> orders;
    std::vector<Shown> shown;
    for (const sql::OrderItem& item : select_.order_by) {
      sql::OrderItem over_state = item;
      over_state.expr = sql::column(rows.add(*item.expr, "o"));
      orders.push_back(sql::to_sql(over_state));
      shown.push_back({sql::to_sql(*over_state.expr), over_state});
    }
    const bool is_limited = select_.limit || select_.offset;
    if (from_.order) rows.add_as(sql::text_expr(*from_.order), std::string(row_order));
    if (from_.order) shown.push_back({std::string(row_order), {}});
    for (const sql::OrderItem& item : from_.written_order) shown.push_back({rows.add(*item.expr, "o"), item});
    if (!from_.order && is_limited) {
      refuse("LIMIT", "which rows it takes depends on an order that cannot be told here", -1);
      return {};
    }
    StatePart main;
    main.name = "main";
    main.partial = "SELECT ";
    for (const auto& column : rows.columns())
      main.partial += (main.partial.size() > 7 ? ", " : "") + column.name;
    main.partial += " FROM anabranch.rows";
    if (!is_limited) {  // others read it, with where each row came from
      rows.add_as(sql::text_expr(from_.partition), std::string(row_partition));
      rows.add_as(sql::text_expr(from_.offset), std::string(row_offset));
    }
    if (!TRY(finish_rows(rows))) return {};
    main.merge = "SELECT * FROM anabranch.states";
    main.is_combining = false;
    plan_.parts.insert(plan_.parts.begin(), std::move(main));
    if (!TRY(type_parts())) return give_up(), Status{};
    std::vector<std::string> ties;
    if (from_.order) ties.push_back(std::string(row_order));
    TRY(finish_finalise(
        [&](const std::vector<bool>& is_cast, const std::string& more) {
          std::string text = "SELECT ";
          for (size_t i = 0; i < select_.items.size(); ++i) {
            text += (i ? ", " : "") + output(value_name(i), i, is_cast[i]);
          }
          return text + more + " FROM anabranch.main" + tail(orders, ties);
        },
        shown));
    if (!is_limited) {
      plan_.inlined = "SELECT ";
      for (size_t i = 0; i < select_.items.size(); ++i)
        plan_.inlined += fmt::format("{} AS {}, ", value_name(i), sql::quote_identifier(output_name(i)));
      plan_.ordered_finalise.clear();
      if (from_.order && shown.size() == 1) plan_.order = {{{std::string(order_column)}, ""}};
      for (size_t i = 0; i < plan_.order.size(); ++i) {
        plan_.inlined +=
            fmt::format("{} AS {}, ", shown[i].sql, sql::quote_identifier(plan_.order[i].key.column));
      }
      plan_.inlined += fmt::format("{} AS {}, {} AS {} FROM anabranch.rows", row_partition,
                                   sql::quote_identifier(row_partition_column), row_offset,
                                   sql::quote_identifier(row_offset_column));
    }
    plan_.view_class = ViewClass::linear;
    return {};
  }

  sql::Position position_of_window() const {
    sql::Position position = -1;
    for (const Expr& item : select_.items) {
      sql::visit_expr(item, [&](const Expr& node) {
        if (node.kind == Expr::Kind::window && position < 0) position = node.position;
        return true;
      });
    }
    return position;
  }

  // ---- keyed ----

  Status keyed() {
    if (std::any_of(select_.items.begin(), select_.items.end(), has_unnest)) {
      refuse("SELECT", "unnest together with QUALIFY or DISTINCT ON is computed when the view is read", -1);
      return {};
    }
    TopN top;
    std::vector<Expr> conditions;  // further ones, on the rows that are kept
    if (!select_.distinct_on.empty()) {
      if (select_.qualify) {
        refuse("QUALIFY", "together with DISTINCT ON it is computed when the view is read",
               select_.qualify->position);
        return {};
      }
      top.rows = 1;
      top.window.kind = Expr::Kind::window;
      top.window.name = "row_number";
      sql::Over over;
      over.partition_by = select_.distinct_on;
      over.order_by = select_.order_by;
      top.window.over = std::move(over);
    } else if (auto found = top_n(*select_.qualify, conditions)) {
      top = std::move(*found);
    } else {
      refuse("QUALIFY", "only row_number, rank or dense_rank compared with a constant keeps a bounded state",
             select_.qualify->position);
      return {};
    }
    if (select_.is_distinct) {
      refuse("DISTINCT", "together with QUALIFY it is computed when the view is read", -1);
      return {};
    }
    if (!from_.order) {
      refuse("QUALIFY", "ties depend on an order that cannot be told here", -1);
      return {};
    }
    RowColumns rows;
    const std::string window_sql = sql::to_sql(top.window);
    for (size_t i = 0; i < select_.items.size(); ++i) {
      const Expr& item = select_.items[i];
      if (has_window(item)) {
        Expr bare = item;
        bare.alias.clear();
        if (sql::to_sql(bare) == window_sql) continue;
        refuse("SELECT", "another window than the one in QUALIFY needs all events", item.position);
        return {};
      }
      rows.add_as(item, value_name(i));
    }
    std::string over;
    for (const Expr& partition : top.window.over->partition_by) {
      over += (over.empty() ? "PARTITION BY " : ", ") + rows.add(partition, "k");
    }
    std::string order;
    std::string sort_key;  // the same order, as arguments of create_sort_key
    for (const sql::OrderItem& item : top.window.over->order_by) {
      sql::OrderItem over_state = item;
      const std::string column = rows.add(*item.expr, "o");
      over_state.expr = sql::column(column);
      append_item(order, sql::to_sql(over_state));
      sort_key += fmt::format("{}, '{} NULLS {}', ", column, item.is_descending ? "DESC" : "ASC",
                              item.nulls == sql::OrderItem::Nulls::first ? "FIRST" : "LAST");
    }
    if (top.window.name == "row_number") {
      append_item(order, std::string(row_order));
      sort_key += fmt::format("{}, 'ASC NULLS LAST'", row_order);
    }
    if (!order.empty()) over += (over.empty() ? "ORDER BY " : " ORDER BY ") + order;
    const std::string state_window = fmt::format("{}() OVER ({})", top.window.name, over);
    // A rank is one among all rows of its key: computed before a further condition takes any away.
    const bool needs_rank = !conditions.empty() || top.is_last_only;
    const std::string rank = needs_rank ? "kept_rank" : state_window;
    std::vector<std::string> orders;
    std::vector<Shown> shown;
    for (const sql::OrderItem& item : select_.order_by) {
      sql::OrderItem over_state = item;
      if (has_window(*item.expr) && sql::to_sql(*item.expr) != window_sql) {
        refuse("ORDER BY", "another window than the one in QUALIFY needs all events", item.expr->position);
        return {};
      }
      over_state.expr =
          has_window(*item.expr) ? sql::text_expr(rank) : sql::column(rows.add(*item.expr, "o"));
      orders.push_back(sql::to_sql(over_state));
      shown.push_back({sql::to_sql(*over_state.expr), over_state});
    }
    shown.push_back({std::string(row_order), {}});
    std::string where;
    if (top.is_last_only) where = fmt::format(" WHERE kept_rank = {}", top.rows);
    for (const Expr& condition : conditions)
      where += (where.empty() ? " WHERE " : " AND ") + rows.add(condition, "q");
    rows.add_as(sql::text_expr(*from_.order), std::string(row_order));
    if (!TRY(finish_rows(rows))) return {};
    StatePart main;
    main.name = "main";
    for (const Expr& partition : top.window.over->partition_by) {
      const std::string key = rows.add(partition, "k");
      if (std::find(main.keys.begin(), main.keys.end(), key) == main.keys.end()) main.keys.push_back(key);
    }
    std::string columns;
    for (const auto& column : rows.columns()) append_item(columns, column.name);
    // One row a key: a hash aggregate, at a third of what the window costs. Keys outside of the aggregate, so
    // that a filter on them reaches the states.
    const bool is_one_row = top.rows == 1 && top.window.name == "row_number" && !main.keys.empty();
    const auto kept_of = [&](std::string_view relation) {
      if (is_one_row) return select_least_row(rows.columns(), main.keys, sort_key, relation);
      const bool is_short = top.rows > 1 && is_planted("one row a key too few is kept");
      return fmt::format("SELECT {} FROM {} QUALIFY {} <= {}", columns, sql::relation(relation), state_window,
                         top.rows - (is_short ? 1 : 0));
    };
    main.partial = kept_of("rows");
    main.merge = kept_of("states");
    plan_.parts.insert(plan_.parts.begin(), std::move(main));
    if (!TRY(type_parts())) return give_up(), Status{};
    TRY(finish_finalise(
        [&](const std::vector<bool>& is_cast, const std::string& more) {
          std::string text = "SELECT ";
          for (size_t i = 0; i < select_.items.size(); ++i) {
            const bool is_window = has_window(select_.items[i]);
            text += (i ? ", " : "") + output(is_window ? rank : value_name(i), i, is_cast[i]);
          }
          const std::string from =
              where.empty() ? "anabranch.main"
                            : fmt::format("(SELECT *, {} AS kept_rank FROM anabranch.main)", state_window);
          return text + more + " FROM " + from + where + tail(orders, {std::string(row_order)});
        },
        shown));
    plan_.view_class = ViewClass::keyed;
    return {};
  }

  // ---- aggregated ----

  Status aggregated() {
    std::vector<Expr> calls;
    const auto collect = [&](const Expr& expr) {
      sql::visit_expr(expr, [&](const Expr& node) {
        if (!is_aggregate(node)) return true;
        calls.push_back(node);
        return false;
      });
    };
    for (const Expr& item : select_.items) collect(item);
    if (select_.having) collect(*select_.having);
    if (select_.qualify) collect(*select_.qualify);
    for (const sql::OrderItem& item : select_.order_by) collect(*item.expr);
    const std::string from_sql = sql::to_sql(from_.rows_table);
    const auto types = TRY(aggregate_types(calls, from_sql, session_));

    RowColumns rows;
    std::vector<std::string> keys;
    std::vector<std::string> key_of_group;
    for (size_t i = 0; i < select_.group_by.size(); ++i) {
      const std::string key = rows.add(sets_.any() ? sets_.key(i) : select_.group_by[i], "k");
      key_of_group.push_back(key);
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
    if (sets_.any()) keys.push_back(rows.add(set_number(), "k"));
    AggregatePlanner planner(rows, keys, from_.order.has_value());
    bool is_planned = true;
    // An expression over groups: group keys and aggregates replaced by columns of the merged state.
    const std::function<Expr(const Expr&)> over_groups = [&](const Expr& expr) {
      return sql::rewrite(expr, [&](const Expr& node) -> Box<Expr> {
        Expr bare = node;
        bare.alias.clear();
        for (size_t i = 0; i < select_.group_by.size(); ++i) {
          if (!sql::same_expr(bare, select_.group_by[i])) continue;
          Expr key = sql::column(key_of_group[i]);
          key.alias = node.alias;
          return key;
        }
        if (node.is("grouping")) {
          auto which = sets_.grouping(node, keys.empty() ? "" : keys.back());
          if (!which && is_planned)
            refuse("GROUPING", "its arguments are not those of GROUP BY", node.position);
          is_planned = is_planned && which.has_value();
          if (which) return std::move(*which);
        }
        if (node.kind == Expr::Kind::window) {
          Expr out = node;
          for (Expr& child : out.children) child = over_groups(child);
          if (out.filter) out.filter = over_groups(*out.filter);
          if (is_planted("windows lose their partitions")) out.over->partition_by.clear();
          for (Expr& partition : out.over->partition_by) partition = over_groups(partition);
          for (sql::OrderItem& item : out.over->order_by) item.expr = over_groups(*item.expr);
          for (sql::OrderItem& item : out.order_by) item.expr = over_groups(*item.expr);
          std::vector<sql::OrderItem> ties;
          for (const std::string& key : keys) ties.push_back(order_item(key));
          order_ties(out, ties);
          return out;
        }
        if (is_aggregate(node)) {
          const auto final_sql = planner.add(bare, types.at(sql::to_sql(bare)));
          if (!final_sql) {
            if (is_planned) refuse("SELECT", planner.reason(), node.position);
            is_planned = false;
            return node;
          }
          Expr out = sql::text_expr(*final_sql);
          out.alias = node.alias;
          return out;
        }
        if (node.kind == Expr::Kind::column) {
          if (is_planned)
            refuse("SELECT", fmt::format("{} is neither in GROUP BY nor in an aggregate", sql::to_sql(bare)),
                   node.position);
          is_planned = false;
        }
        return {};
      });
    };
    std::vector<std::string> items;
    for (const Expr& item : select_.items) {
      Expr final_item = over_groups(item);
      final_item.alias.clear();
      items.push_back(sql::to_sql(final_item));
    }
    const bool has_having = select_.having && !is_planted("HAVING is lost");
    const std::string having = has_having ? " WHERE " + sql::to_sql(over_groups(*select_.having)) : "";
    const std::string qualify =
        select_.qualify ? " QUALIFY " + sql::to_sql(over_groups(*select_.qualify)) : "";
    std::vector<std::string> orders;
    std::vector<Shown> shown;
    for (const sql::OrderItem& item : select_.order_by) {
      sql::OrderItem over_state = item;
      over_state.expr = over_groups(*item.expr);
      orders.push_back(sql::to_sql(over_state));
      shown.push_back({sql::to_sql(*over_state.expr), over_state});
    }
    for (const std::string& key : keys) shown.push_back({key, {}});
    if (select_.is_distinct) shown.clear();
    if (!is_planned) return {};
    if (planner.needs_order())
      rows.add_as(sql::text_expr(*from_.order), std::string(AggregatePlanner::order_name));
    if (!TRY(finish_rows(rows))) return {};
    auto parts = planner.parts();
    plan_.parts.insert(plan_.parts.begin(), std::make_move_iterator(parts.begin()),
                       std::make_move_iterator(parts.end()));
    if (!TRY(type_parts())) return give_up(), Status{};
    const std::string from = sets_.with_empty_sets(planner.from(), keys);
    std::string kept_by;  // DISTINCT ON
    for (const Expr& target : select_.distinct_on) {
      Expr over_state = over_groups(target);
      over_state.alias.clear();
      append_item(kept_by, sql::to_sql(over_state));
    }
    if (!is_planned) return {};
    TRY(finish_finalise(
        [&](const std::vector<bool>& is_cast, const std::string& more) {
          const bool is_distinct = select_.is_distinct && !is_planted("DISTINCT above windows is lost");
          std::string text = is_distinct ? "SELECT DISTINCT " : "SELECT ";
          if (!kept_by.empty()) text += fmt::format("DISTINCT ON ({}) ", kept_by);
          for (size_t i = 0; i < items.size(); ++i) text += (i ? ", " : "") + output(items[i], i, is_cast[i]);
          return text + more + " FROM " + from + having + qualify +
                 tail(orders, select_.is_distinct ? std::vector<std::string>{} : keys);
        },
        shown));
    plan_.view_class = planner.view_class();
    return {};
  }

  Select select_;
  FromClause from_;
  const GroupingSets sets_;
  const std::string_view text_;
  const Relations& relations_;
  sql::Session& session_;
  Plan& plan_;
};

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
    return Maintained(std::move(*unnested), std::move(with_values), text, relations, session, plan).run();
  }
  if (!reason.empty()) {
    plan.reasons.push_back({"SELECT", reason, {}});
    return {};
  }
  return Maintained(std::move(*resolved), std::move(from), text, relations, session, plan).run();
}

}  // namespace anabranch::views
