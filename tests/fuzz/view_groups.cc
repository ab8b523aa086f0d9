// Views that group.

#include <algorithm>

#include <fmt/format.h>

#include "sql/syntax.h"
#include "tests/fuzz/view_generator.h"

namespace anabranch::fuzz {
namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

}  // namespace

View ViewGenerator::aggregate_over(const Source& source) {
  View view;
  view.from = source.from;
  Expressions expressions(random_, faults_, source, used_);
  expressions.may_take_risks = source.is_events && !source.order.empty() && random_.chance(15);
  const int key_count = random_.pick(std::vector<int>{0, 1, 1, 1, 1, 2, 2, 3});
  std::vector<Expr> keys;
  for (int n = 0; n < key_count; ++n) keys.push_back(expressions.key());
  // Which of the texts that are equal stands for its group is not told, so that none is shown.
  const bool is_collated =
      faults_.contains('h') && key_count == 1 && keys[0].kind == Kind::text && random_.chance(50);
  if (is_collated) {
    expressions.use("collation");
    keys[0].sql += " COLLATE NOCASE";
  }
  const bool is_set = key_count > 0 && !is_collated && faults_.contains('e') && random_.chance(8);
  std::vector<Expr> aggregates;
  for (int n = is_set ? random_.below(2) : random_.between(1, 4); n > 0; --n)
    aggregates.push_back(expressions.aggregate());
  if (!is_set && random_.chance(20)) {
    expressions.use("arithmetic over aggregates");
    Expr made{"", Kind::floating, "", false, false, true};
    made.sql = random_.chance(50) ? "count(*) * 2 + " + expressions.exact_aggregate().sql
                                  : "round(100.0 * count(*) FILTER (WHERE " + expressions.predicate(0).sql +
                                        ") / count(*), 2)";
    made.sql = random_.chance(50) ? made.sql : "coalesce(CAST(" + made.sql + " AS VARCHAR), '-')";
    aggregates.push_back(made);
  }
  std::vector<std::string> ties;
  for (const Expr& key : keys) ties.push_back(key.sql.full);
  const std::string tie = joined(ties);
  if (key_count > 0 && !is_collated && (is_set || random_.chance(18))) {
    expressions.use("window over groups");
    Expr made{"", Kind::integer, "", false, false, false};
    const Sql agg = expressions.exact_aggregate().sql;
    const Sql by_keys{keys[0].sql.written, keys[0].sql.plain, keys[0].sql.full};
    switch (random_.below(5)) {
      case 0:
        made.sql = "rank() OVER (ORDER BY " + agg + " DESC)";
        break;
      case 1:
        expressions.use_order("window over groups");
        made.sql = Sql("row_number() OVER (ORDER BY ") + agg + Sql("", ", " + tie, ", " + tie) + ")";
        break;
      case 2:
        made.sql = "sum(count(*)) OVER (ORDER BY " + by_keys + ")";
        made.kind = Kind::huge;
        break;
      case 3:
        made.sql = "count(*) OVER (PARTITION BY " + by_keys + ")";
        break;
      default:
        expressions.use_order("window over groups");
        made.sql = "lag(count(*)) OVER (ORDER BY " + by_keys + Sql("", ", " + tie, ", " + tie) + ")";
    }
    if (faults_.contains('m') && random_.chance(40)) {
      expressions.use_order("ROWS frame over groups");
      made.sql = "sum(count(*)) OVER (ORDER BY count(*)" + Sql("", ", " + tie, ", " + tie) +
                 " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)";
    }
    aggregates.push_back(made);
    if (is_set) {
      expressions.use("DISTINCT over a window");
      view.is_distinct = true;
    }
  }
  const bool is_all = key_count > 0 && !is_collated && !view.is_distinct && random_.chance(12);
  std::vector<Expr> shown = keys;
  if (is_collated || (key_count > 0 && !is_all && random_.chance(8))) shown.pop_back();
  if (is_set && random_.chance(75)) shown.clear();  // only without their keys groups are ever the same
  const size_t keys_shown = shown.size();
  shown.insert(shown.end(), aggregates.begin(), aggregates.end());
  add_items(view, expressions, source, std::move(shown));
  if (key_count == 0) {
    expressions.use("no GROUP BY");
  } else if (is_all) {
    expressions.use("GROUP BY ALL");
    view.group_by = "ALL";
  } else {
    Sql list;
    for (size_t i = 0; i < keys.size(); ++i) {
      Sql one = keys[i].sql;
      const std::string& alias = i < keys_shown ? view.items[i].alias : "";
      const bool is_hiding =
          i < keys_shown && std::any_of(
                                source.columns.begin(), source.columns.end(),
                                [&](const Column& c) { return sql::same_name(c.name, outputs_[i].first); });
      if (i < keys_shown && random_.chance(20)) {
        one = fmt::format("{}", i + 1);
        expressions.use("GROUP BY ordinals");
      } else if (i < keys_shown && !is_hiding && random_.chance(20)) {
        one = alias;
        expressions.use("GROUP BY aliases");
      } else {
        expressions.use("GROUP BY expressions");
      }
      list += (i ? Sql(", ") : Sql("")) + one;
    }
    view.group_by = list;
  }
  add_where(view, expressions, source);
  if (random_.chance(18)) {
    expressions.use("HAVING");
    view.having.push_back(random_.chance(60) ? Sql(fmt::format("count(*) > {}", random_.between(1, 12)))
                                             : expressions.exact_aggregate().sql + " IS NOT NULL");
  }
  if (key_count > 0 && !is_collated && random_.chance(8)) {
    expressions.use_order("QUALIFY over groups");
    const bool has_by = !faults_.contains('t') || random_.chance(70);
    if (!has_by) expressions.use("first rows over nothing");
    const Sql by = has_by ? "PARTITION BY " + keys[0].sql + " " : Sql("");
    view.qualify = "row_number() OVER (" + by + "ORDER BY count(*) DESC" + Sql("", ", " + tie, ", " + tie) +
                   ") <= " + fmt::format("{}", random_.between(1, 3));
  }
  shape_ = Relation::Shape::groups;
  if (key_count > 0 && !is_collated && !view.is_distinct && random_.chance(12)) {
    expressions.use_order("LIMIT over groups");
    if (random_.chance(70)) {
      Expr by = expressions.exact_aggregate();
      by.sql = unhidden(by.sql, source);
      if (!by.sql.empty()) view.order_by.push_back(expressions.order_item(by));
    }
    view.ties = ties;
    view.limit = fmt::format("LIMIT {}", random_.between(1, 4));
  }
  if (key_count > 1 && !view.is_distinct && random_.chance(15)) {
    const Sql target = unhidden(random_.pick(keys).sql, source);
    if (!target.empty()) {
      expressions.use_order("DISTINCT ON over groups");
      view.distinct_on.push_back(target);
      if (view.order_by.empty() && random_.chance(70)) {
        Expr by = expressions.exact_aggregate();
        by.sql = unhidden(by.sql, source);
        if (!by.sql.empty()) view.order_by.push_back(expressions.order_item(by));
      }
      view.ties = ties;
    }
  }
  if (faults_.contains('o') && random_.chance(25)) {
    view = View{};
    outputs_.clear();
    expressions.use("GROUP BY nothing");
    view.from = source.from;
    view.items = {{"1", "one"}};
    view.group_by = "()";
    outputs_.emplace_back("one", Expr{"1", Kind::integer, "INTEGER", true, false, false});
  }
  note_order(expressions, source);
  return view;
}

View ViewGenerator::aggregated() { return aggregate_over(source()); }

View ViewGenerator::pivoted() {
  const Source from = source();
  View view;
  Expressions expressions(random_, faults_, from, used_);
  expressions.use("PIVOT");
  const auto on = expressions.column(
      [](const Column& c) { return c.kind == Kind::text || (c.kind == Kind::integer && c.is_small); });
  const auto value = expressions.column(
      [](const Column& c) { return (c.kind == Kind::integer && c.is_small) || c.is_summable; });
  if (!on || !value) return {};
  const bool has_key = random_.chance(75);
  Sql rows = "(SELECT " + on->sql + " AS p, " + value->sql + " AS v";
  if (has_key) rows += ", " + expressions.key().sql + " AS c";
  rows += " FROM " + from.from;
  std::optional<Sql> where;
  if (random_.chance(35)) where = expressions.predicate(1).sql;
  if (where) rows += " WHERE " + *where;
  rows += without_failed(from, where ? where->plain : "");
  rows += ")";
  const bool is_text = on->kind == Kind::text;
  const bool is_named = random_.chance(40);
  std::string columns;
  for (const char* one :
       is_text ? std::vector<const char*>{"a", "b", "no such"} : std::vector<const char*>{"0", "1", "3"}) {
    columns += (columns.empty() ? "" : ", ") + (is_text ? sql::quote_literal(one) : std::string(one));
    if (is_named) columns += fmt::format(" AS c{}", columns.size());
  }
  std::string aggregates = random_.pick({"sum(v)", "count(*)", "max(v)", "min(v)", "count(v)"});
  if (random_.chance(50)) {
    if (random_.chance(50)) aggregates += " AS total";
    aggregates += random_.pick({", count(*) AS n", ", max(v) AS most"});
  }
  // What it groups by is what it does not name, unless it says so.
  const std::string group = has_key && random_.chance(60) ? " GROUP BY c" : "";
  view.from = random_.chance(50)
                  ? "(PIVOT " + rows + " ON p IN (" + columns + ") USING " + aggregates + group + ")"
                  : rows + " PIVOT (" + aggregates + " FOR p IN (" + columns + ")" + group + ")";
  view.items.push_back({"*", ""});
  shape_ = Relation::Shape::groups;
  note_order(expressions, from);
  return view;
}

// In plain SQL only: what leaves out all rows of an event of which one fails that the condition does not keep
// away.
Sql ViewGenerator::without_failed(const Source& from, const std::string& where) {
  if (from.errors.empty()) return {};
  std::string errors;
  for (const std::string& error : from.errors) errors += (errors.empty() ? "" : " OR ") + error;
  const std::string plain = fmt::format(
      " {0} NOT ({1}) AND {2} NOT IN (SELECT {2} FROM {3} WHERE {4}({1}))", where.empty() ? "WHERE" : "AND",
      errors, from.order.at(0), from.from.plain, where.empty() ? "" : fmt::format("({}) AND ", where));
  return {"", plain, plain};
}

View ViewGenerator::distinct() {
  const Source from = source();
  View view;
  view.from = from.from;
  view.is_distinct = true;
  Expressions expressions(random_, faults_, from, used_);
  expressions.use("DISTINCT");
  std::vector<Expr> items;
  for (int n = random_.between(1, 3); n > 0; --n) items.push_back(expressions.key());
  add_items(view, expressions, from, std::move(items));
  add_where(view, expressions, from);
  if (random_.chance(20)) {
    expressions.use("LIMIT over groups");
    for (size_t i = 0; i < view.items.size(); ++i)
      view.order_by.push_back(fmt::format("{}{}", i + 1, i == 0 ? " DESC" : ""));
    view.limit = "LIMIT 3";
  }
  shape_ = Relation::Shape::groups;
  note_order(expressions, from);
  return view;
}

View ViewGenerator::grouping_sets() {
  const Source from = source();
  View view;
  view.from = from.from;
  Expressions expressions(random_, faults_, from, used_);
  expressions.use("ROLLUP, CUBE, GROUPING SETS");
  std::vector<Expr> items{expressions.key(), expressions.key()};
  // The same key twice makes one set of two.
  const auto bare = [](const std::string& sql) {
    std::string text = sql::lower(sql.substr(sql.rfind('.') + 1));
    std::erase(text, '"');
    return text;
  };
  if (bare(items[0].sql.written) == bare(items[1].sql.written))
    expressions.use("grouping set that is there twice");
  const Sql list = items[0].sql + ", " + items[1].sql;
  switch (random_.below(3)) {
    case 0:
      view.group_by = "ROLLUP (" + list + ")";
      break;
    case 1:
      view.group_by = "CUBE (" + list + ")";
      break;
    default:
      view.group_by = "GROUPING SETS ((" + list + "), (" + items[0].sql + "), ())";
  }
  if (faults_.contains('r') && random_.chance(40)) {
    expressions.use("grouping()");
    items.push_back({"grouping(" + items[0].sql + ")", Kind::integer, "BIGINT", true, false, false});
  }
  for (int n = random_.between(1, 3); n > 0; --n) items.push_back(expressions.aggregate());
  add_items(view, expressions, from, std::move(items));
  add_where(view, expressions, from);
  shape_ = Relation::Shape::groups;
  note_order(expressions, from);
  return view;
}

}  // namespace anabranch::fuzz
