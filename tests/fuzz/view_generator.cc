#include "tests/fuzz/view_generator.h"

#include <algorithm>

#include <fmt/format.h>

#include "sql/syntax.h"
#include "tests/fuzz/constructs.h"

namespace anabranch::fuzz {
namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

Column column_of(const Field& field) {
  Column column;
  column.name = field.name;
  column.type = field.type.to_sql();
  column.kind = kind_of(column.type);
  column.is_small = field.is_small;
  column.is_summable = column.kind == Kind::floating;
  return column;
}

}  // namespace

ViewGenerator::ViewGenerator(Random& random, const Faults& faults) : random_(random), faults_(faults) {}

// ---- relations ----

void ViewGenerator::set_stream(const Stream& stream, bool has_drift_fields) {
  Relation relation;
  relation.name = "bronze." + stream.name;
  relation.shape = Relation::Shape::stream;
  relation.hidden = 1;
  std::string columns;
  for (const Field& field : stream.fields) {
    if (field.is_drift && !has_drift_fields) continue;
    relation.columns.push_back(column_of(field));
    columns += fmt::format("{} {}, ", sql::quote_identifier(field.name), field.type.to_sql());
  }
  Column offset;
  offset.name = "_offset";
  offset.kind = Kind::integer;
  offset.type = "BIGINT";
  offset.is_small = true;
  offset.plain_name = View::hidden_name(relation.name, 0);
  relation.columns.push_back(offset);
  engine_.run(fmt::format("CREATE OR REPLACE TABLE {} ({}{} BIGINT)", relation.name, columns,
                          View::hidden_name(relation.name, 0)));
  relations_[relation.name] = std::move(relation);
}

void ViewGenerator::add_table(const Table& table) {
  Relation relation;
  relation.name = "bronze." + table.name;
  relation.shape = Relation::Shape::table;
  relation.hidden = 1;
  std::string columns;
  for (const Field& field : table.columns) {
    relation.columns.push_back(column_of(field));
    columns += fmt::format("{} {}, ", sql::quote_identifier(field.name), field.type.to_sql());
  }
  engine_.run(fmt::format("CREATE TABLE {} ({}{} BIGINT)", relation.name, columns,
                          View::hidden_name(relation.name, 0)));
  relations_[relation.name] = std::move(relation);
}

void ViewGenerator::remove(const std::string& name) { relations_.erase(name); }

const Relation* ViewGenerator::pick_relation(const std::function<bool(const Relation&)>& is_wanted) {
  std::vector<const Relation*> wanted;
  for (const auto& [name, relation] : relations_) {
    if (name_.starts_with("silver.") && name.starts_with("gold.")) continue;
    if (is_wanted(relation)) wanted.push_back(&relation);
  }
  return wanted.empty() ? nullptr : random_.pick(wanted);
}

// ---- sources ----

std::string ViewGenerator::new_alias(const char* stem) { return fmt::format("{}{}", stem, aliases_++); }

Source ViewGenerator::of(const Relation& relation, const std::string& alias) {
  Source source;
  const std::string qualifier = alias.empty() ? relation.name.substr(relation.name.find('.') + 1) : alias;
  source.from = relation.name + (alias.empty() ? "" : random_.pick({" AS ", " "}) + alias);
  source.columns = relation.columns;
  for (Column& column : source.columns) {
    column.qualifier = qualifier;
    if (alias.empty()) column.schema_qualifier = relation.name;
  }
  for (size_t i = 0; i < relation.hidden; ++i) {
    const std::string hidden = View::hidden_name(relation.name, i);
    source.hidden.push_back(hidden);
    source.order.push_back(qualifier + "." + hidden);
  }
  source.stars.push_back(qualifier);
  source.is_events = relation.shape == Relation::Shape::stream || relation.shape == Relation::Shape::linear;
  reads_.insert(relation.name);
  if (relation.shape == Relation::Shape::linear)
    used_.insert(relation.is_maintained ? "linear view below" : "view that is answered when read below");
  if (relation.shape == Relation::Shape::rows || relation.shape == Relation::Shape::groups) {
    used_.insert("merged view below");
    if (!faults_.contains('k')) source.order.clear();
  }
  return source;
}

Source ViewGenerator::rows_of_events() {
  const bool is_stream = random_.chance(65);
  const Relation* relation = pick_relation([&](const Relation& r) {
    return r.shape == (is_stream ? Relation::Shape::stream : Relation::Shape::linear);
  });
  if (relation == nullptr)
    relation = pick_relation([](const Relation& r) { return r.shape == Relation::Shape::stream; });
  return of(*relation, random_.chance(55) ? random_.pick({"e", "a", "src", "k0_", "ev"}) : "");
}

void ViewGenerator::join_table(Source& source) {
  const Relation* table = pick_relation([](const Relation& r) { return r.shape == Relation::Shape::table; });
  if (table == nullptr) return;
  const std::string alias = new_alias("t");
  Source other = of(*table, alias);
  std::vector<std::pair<size_t, size_t>> pairs;
  for (size_t i = 0; i < source.columns.size(); ++i) {
    for (size_t j = 0; j < other.columns.size(); ++j) {
      const Column& a = source.columns[i];
      const Column& b = other.columns[j];
      if (a.kind == b.kind && (a.kind == Kind::text || a.kind == Kind::integer) && !a.is_fuzzy &&
          a.plain_name.empty())
        pairs.emplace_back(i, j);
    }
  }
  if (pairs.empty()) return;
  const auto [i, j] = random_.pick(pairs);
  const int choice = random_.below(100);
  const bool is_left = choice >= 36 && choice < 68;
  const bool is_semi = choice >= 68 && choice < 82;
  const bool is_anti = choice >= 82 && choice < 95;
  const bool is_full = choice >= 95;
  const char* word = is_left   ? " LEFT JOIN "
                     : is_semi ? " SEMI JOIN "
                     : is_anti ? " ANTI JOIN "
                     : is_full ? " FULL JOIN "
                               : " JOIN ";
  used_.insert(is_left   ? "left join"
               : is_semi ? "semi join"
               : is_anti ? "anti join"
               : is_full ? "full join"
                         : "inner join");
  const bool is_same_name = sql::same_name(source.columns[i].name, other.columns[j].name);
  const bool is_using = is_same_name && !source.columns[i].is_ambiguous && !is_full && random_.chance(50);
  const auto name = [&](const Column& column) {
    return column.qualifier + "." + identifier(column.name, random_.chance(70));
  };
  source.from += word + other.from;
  if (is_using) {
    used_.insert("USING");
    source.from += " USING (" + identifier(source.columns[i].name, random_.chance(70)) + ")";
  } else if (faults_.contains('j') && random_.chance(25) && source.columns[i].kind == Kind::text) {
    used_.insert("failing cast in a join");
    const std::string plain =
        fmt::format("TRY_CAST({} AS INTEGER) = length({})", name(source.columns[i]), name(other.columns[j]));
    source.from +=
        Sql(" ON " + fmt::format("{}::INTEGER = length({})", name(source.columns[i]), name(other.columns[j])),
            " ON " + plain, " ON " + plain);
  } else {
    std::string condition = fmt::format("{} = {}", name(source.columns[i]), name(other.columns[j]));
    if (random_.chance(15)) condition += fmt::format(" AND {} IS NOT NULL", name(other.columns[j]));
    source.from += " ON " + std::string(random_.chance(30) ? "(" + condition + ")" : condition);
  }
  if (is_full) source.order.clear();
  if (is_semi || is_anti) {
    for (Column& column : source.columns)
      column.is_ambiguous = column.is_ambiguous || (!is_using && random_.chance(5));
    return;
  }
  if (!source.order.empty()) source.order.push_back(fmt::format("coalesce({}, 0)", other.order.at(0)));
  source.hidden.insert(source.hidden.end(), other.hidden.begin(), other.hidden.end());
  if (!is_using) source.stars.push_back(alias);
  for (size_t at = 0; at < other.columns.size(); ++at) {
    if (is_using && at == j) continue;
    Column added = other.columns[at];
    for (Column& column : source.columns) {
      if (!sql::same_name(column.name, added.name)) continue;
      column.is_ambiguous = true;
      added.is_ambiguous = true;
    }
    source.columns.push_back(std::move(added));
  }
}

void ViewGenerator::unnest(Source& source) {
  std::vector<const Column*> lists;
  for (const Column& column : source.columns) {
    if (column.kind == Kind::list && !column.is_fuzzy) lists.push_back(&column);
  }
  if (lists.empty()) return;
  const Column list = *random_.pick(lists);
  const std::string alias = new_alias("u");
  const std::string named = list.qualifier + "." + identifier(list.name);
  used_.insert("unnest in FROM");
  source.from += Sql(fmt::format(", unnest({}) AS {}(item)", named, alias),
                     fmt::format(", unnest({}) WITH ORDINALITY AS {}(item, zz_place)", named, alias), "");
  Column item;
  item.name = "item";
  item.qualifier = alias;
  item.type = list.type.substr(0, list.type.size() - 2);
  item.kind = kind_of(item.type);
  item.is_small = item.kind == Kind::integer;
  item.is_summable = item.kind == Kind::floating;
  for (Column& column : source.columns) {
    if (sql::same_name(column.name, item.name)) column.is_ambiguous = item.is_ambiguous = true;
  }
  source.columns.push_back(item);
  if (!source.order.empty()) source.order.push_back(alias + ".zz_place");
}

Source ViewGenerator::source(bool is_for_order) {
  if (!is_for_order && random_.chance(14)) {
    const Relation* relation = pick_relation([](const Relation& r) {
      return r.shape == Relation::Shape::rows || r.shape == Relation::Shape::groups;
    });
    if (relation != nullptr) {
      Source merged = of(*relation, random_.chance(50) ? "m" : "");
      if (random_.chance(25)) join_table(merged);
      return merged;
    }
  }
  Source made = rows_of_events();
  if (random_.chance(35)) join_table(made);
  if (random_.chance(10)) join_table(made);
  if (!is_for_order && random_.chance(8)) unnest(made);
  return made;
}

// ---- clauses ----

std::string ViewGenerator::alias_for(size_t index, const Source& source, std::set<std::string>& taken) {
  for (int attempt = 0; attempt < 5; ++attempt) {
    std::string name = fmt::format("c{}", index);
    std::string construct;
    const int choice = random_.below(100);
    if (choice < 18) {
      const Column& column = random_.pick(source.columns);
      if (!column.plain_name.empty()) continue;
      name = column.name;
      construct = "shadowing alias";
    } else if (choice < 40) {
      name = random_.pick({"k0",   "k1",     "s0",      "s1",      "a0",    "f0",   "n",     "v",     "o",
                           "main", "states", "rows",    "values0", "list1", "m0_n", "total", "up_to", "d0",
                           "one",  "errors", "summary", "build",   "Größe", "a-b",  "it's",  "order", "row"});
    } else if (choice < 60 && faults_.contains('d')) {
      name = random_.pick({"_ord", "_order0", "_key0", "_key1", "@main", "@rows", "@states", "_is_failed",
                           "_is_kept", "_event_offset", "_row", "anabranch:ord", "_offset", "_partition"});
      construct = "name like ours";
    } else if (choice < 75 && faults_.contains('b')) {
      name = random_.pick({"x'--", "a\"b", "\"@bronze.e\"", "'\"@bronze.e\"'", "/*", "a\"--"});
      construct = "name with quotes and comment signs";
    }
    if (!taken.insert(sql::lower(name)).second) continue;
    if (!construct.empty()) used_.insert(construct);
    return name;
  }
  std::string name = fmt::format("x{}_{}", index, taken.size());
  taken.insert(name);
  return name;
}

void ViewGenerator::add_items(View& view, Expressions&, const Source& source, std::vector<Expr> exprs) {
  std::set<std::string> taken;
  for (const auto& [name, expr] : outputs_) taken.insert(sql::lower(name));
  for (Expr& expr : exprs) {
    const std::string name = alias_for(view.items.size(), source, taken);
    outputs_.emplace_back(name, expr);
    view.items.push_back({expr.sql, identifier(name, random_.chance(70))});
  }
}

void ViewGenerator::add_where(View& view, Expressions& expressions, const Source& source) {
  std::vector<Predicate> conjuncts;
  if (random_.chance(45)) {
    used_.insert("WHERE");
    for (int n = random_.between(1, 2); n > 0; --n) conjuncts.push_back(expressions.conjunct(2));
  }
  for (const Predicate& conjunct : conjuncts) view.where.push_back(conjunct.sql);
  // An event whose outcome stays open, or of which an item fails, is left out whole.
  std::string errors;
  for (const std::string& error : expressions.errors()) errors += (errors.empty() ? "" : " OR ") + error;
  const bool is_risky = !errors.empty() || std::any_of(conjuncts.begin(), conjuncts.end(),
                                                       [](const Predicate& p) { return p.is_risky; });
  if (!is_risky) return;
  is_risky_ = true;
  if (errors.empty()) errors = "false";
  std::string must = "true";
  std::string may = "true";
  for (const Predicate& conjunct : conjuncts) {
    must += " AND " + conjunct.must;
    may += " AND " + conjunct.may;
  }
  view.plain_where =
      fmt::format("{0} AND NOT ({1}) AND {2} NOT IN (SELECT {2} FROM {3} WHERE {4} AND (NOT ({0}) OR {1}))",
                  must, errors, source.order.at(0), source.from.plain, may);
}

View ViewGenerator::linear_over(const Source& source, bool may_be_limited) {
  View view;
  view.from = source.from;
  Expressions expressions(random_, faults_, source, used_);
  expressions.may_take_risks = source.is_events && !source.order.empty() && random_.chance(15);
  if (random_.chance(18)) {
    const std::string star = source.stars[0];
    const bool is_alone = source.stars.size() == 1 && source.columns.size() > 0 && random_.chance(50) &&
                          std::none_of(source.columns.begin(), source.columns.end(),
                                       [&](const Column& c) { return c.qualifier != star; });
    std::string hidden;
    for (const std::string& name : source.hidden) hidden += (hidden.empty() ? "" : ", ") + name;
    const std::string text = is_alone ? "*" : star + ".*";
    // Of `q.*` only what q hides.
    std::vector<std::string> of_star;
    for (const std::string& name : source.hidden) {
      const bool is_own =
          is_alone || std::any_of(source.order.begin(), source.order.end(),
                                  [&](const std::string& o) { return o == star + "." + name; });
      if (is_own) of_star.push_back(name);
    }
    const std::string plain = of_star.empty() ? text : fmt::format("{} EXCLUDE ({})", text, joined(of_star));
    view.items.push_back({Sql(text, plain, plain), ""});
    used_.insert("star");
    for (const Column& column : source.columns) {
      if (column.qualifier != star || !column.plain_name.empty()) continue;
      Expr expr;
      expr.kind = column.kind;
      expr.is_small = column.is_small;
      expr.is_summable = column.is_summable;
      expr.is_fuzzy = column.is_fuzzy;
      outputs_.emplace_back(column.name, expr);
    }
  }
  std::vector<Expr> items;
  for (int n = random_.between(view.items.empty() ? 2 : 0, 5); n > 0; --n) items.push_back(expressions.any());
  if (auto cast = expressions.risky_cast()) items.push_back(*cast);
  add_items(view, expressions, source, std::move(items));
  add_where(view, expressions, source);
  view.hidden = source.order;
  shape_ = source.order.empty() || !source.is_events ? Relation::Shape::groups : Relation::Shape::linear;
  if (may_be_limited && !source.order.empty() && random_.chance(12)) {
    shape_ = Relation::Shape::rows;
    used_.insert("LIMIT");
    expressions.use_order("order of rows");
    if (random_.chance(60)) view.order_by.push_back(expressions.order_item(expressions.sortable()));
    if (faults_.contains('g') && random_.chance(40)) {
      for (const auto& [name, expr] : outputs_) {
        const bool is_hiding =
            std::any_of(source.columns.begin(), source.columns.end(), [&](const Column& c) {
              return sql::same_name(c.name, name) && c.kind == Kind::integer && !c.is_ambiguous;
            });
        if (!is_hiding) continue;
        used_.insert("alias within ORDER BY");
        view.order_by = {sql::quote_identifier(name) + " + 0"};
      }
    }
    view.ties = source.order;
    view.limit = random_.chance(70)
                     ? fmt::format("LIMIT {}", random_.between(1, 12))
                     : fmt::format("LIMIT {} OFFSET {}", random_.between(1, 12), random_.between(1, 4));
    if (faults_.contains('r') && random_.chance(20)) {
      used_.insert("LIMIT of a subquery");
      view.limit = "LIMIT (SELECT 3)";
    }
  }
  note_order(expressions, source);
  return view;
}

View ViewGenerator::linear() { return linear_over(source(), true); }

View ViewGenerator::aggregate_over(const Source& source) {
  View view;
  view.from = source.from;
  Expressions expressions(random_, faults_, source, used_);
  expressions.may_take_risks = source.is_events && !source.order.empty() && random_.chance(15);
  const int key_count = random_.pick(std::vector<int>{0, 1, 1, 1, 1, 2, 2, 3});
  std::vector<Expr> keys;
  for (int n = 0; n < key_count; ++n) keys.push_back(expressions.key());
  if (faults_.contains('h') && key_count > 0 && random_.chance(20)) {
    for (Expr& key : keys) {
      if (key.kind != Kind::text) continue;
      expressions.use("collation");
      key.sql = "lower(" + key.sql + ")";
      view.group_by = "";
    }
  }
  std::vector<Expr> aggregates;
  for (int n = random_.between(1, 4); n > 0; --n) aggregates.push_back(expressions.aggregate());
  if (random_.chance(20)) {
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
  if (key_count > 0 && random_.chance(18)) {
    expressions.use("window over groups");
    Expr made{"", Kind::integer, "", false, false, false};
    const Sql agg = expressions.exact_aggregate().sql;
    const Sql by_keys{keys[0].sql.written, keys[0].sql.plain, keys[0].sql.full};
    switch (random_.below(4)) {
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
      default:
        expressions.use_order("window over groups");
        made.sql = "lag(count(*)) OVER (ORDER BY " + by_keys + Sql("", ", " + tie, ", " + tie) + ")";
    }
    if (faults_.contains('m') && random_.chance(40)) {
      expressions.use("ROWS frame over groups");
      made.sql = "sum(count(*)) OVER (ORDER BY count(*)" + Sql("", ", " + tie, ", " + tie) +
                 " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)";
    }
    aggregates.push_back(made);
    if (faults_.contains('e') && random_.chance(40)) {
      expressions.use("DISTINCT over a window");
      view.is_distinct = true;
    }
  }
  const bool is_all = key_count > 0 && random_.chance(12);
  std::vector<Expr> shown = keys;
  if (key_count > 0 && !is_all && random_.chance(8)) shown.pop_back();
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
  if (key_count > 0 && random_.chance(8)) {
    expressions.use_order("QUALIFY over groups");
    const bool has_by = !faults_.contains('t') || random_.chance(70);
    if (!has_by) expressions.use("first rows over nothing");
    const Sql by = has_by ? "PARTITION BY " + keys[0].sql + " " : Sql("");
    view.qualify = "row_number() OVER (" + by + "ORDER BY count(*) DESC" + Sql("", ", " + tie, ", " + tie) +
                   ") <= " + fmt::format("{}", random_.between(1, 3));
  }
  shape_ = Relation::Shape::groups;
  if (key_count > 0 && !view.is_distinct && random_.chance(12)) {
    expressions.use_order("LIMIT over groups");
    if (random_.chance(70)) view.order_by.push_back(expressions.order_item(expressions.exact_aggregate()));
    view.ties = ties;
    view.limit = fmt::format("LIMIT {}", random_.between(1, 4));
  }
  if (faults_.contains('o') && random_.chance(5)) {
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

View ViewGenerator::distinct_on() {
  const Source from = source(true);
  View view;
  view.from = from.from;
  Expressions expressions(random_, faults_, from, used_);
  expressions.use("DISTINCT ON");
  expressions.use_order("order of rows");
  const Expr key = expressions.key();
  view.distinct_on.push_back(key.sql);
  if (random_.chance(20)) view.distinct_on.push_back(expressions.key().sql);
  std::vector<Expr> items{key};
  for (int n = random_.between(1, 4); n > 0; --n) items.push_back(expressions.any());
  add_items(view, expressions, from, std::move(items));
  add_where(view, expressions, from);
  if (random_.chance(75)) {
    // Order terms spelled in full, so that no alias is meant.
    const auto full = [](Sql sql) { return Sql(sql.full, sql.full, sql.full); };
    if (random_.chance(50) && key.sql.full.find("zz ") == std::string::npos)
      view.order_by.push_back(full(key.sql));
    Expr by = expressions.sortable();
    by.sql = full(by.sql);
    if (by.sql.written.find("zz ") == std::string::npos) view.order_by.push_back(expressions.order_item(by));
  }
  view.ties = from.order;
  view.hidden = from.order;
  shape_ = Relation::Shape::rows;
  note_order(expressions, from);
  return view;
}

View ViewGenerator::top_of_key() {
  const Source from = source(true);
  View view;
  view.from = from.from;
  Expressions expressions(random_, faults_, from, used_);
  const bool is_row_number = random_.chance(65);
  const bool has_key = (is_row_number && (!faults_.contains('t') || random_.chance(80))) ||
                       (!is_row_number && (!faults_.contains('e') || random_.chance(60)));
  Sql over;
  if (has_key) over += "PARTITION BY " + expressions.key().sql;
  if (random_.chance(88) || !is_row_number)
    over += (over.empty() ? "ORDER BY " : " ORDER BY ") + expressions.order_item(expressions.sortable());
  if (is_row_number) {
    expressions.use("QUALIFY row_number");
    if (!has_key) expressions.use("first rows over nothing");
    expressions.use_order("order of rows");
    const bool has_order = over.written.find("ORDER BY ") != std::string::npos;
    const std::string tail = (has_order              ? ", "
                              : over.written.empty() ? "ORDER BY "
                                                     : " ORDER BY ") +
                             joined(from.order);
    over += Sql("", tail, tail);
  } else {
    expressions.use(has_key ? "QUALIFY rank" : "QUALIFY rank over everything");
  }
  const std::string function = is_row_number ? "row_number" : random_.pick({"rank", "dense_rank"});
  const Sql window = function + "() OVER (" + over + ")";
  const std::string most = fmt::format("{}", random_.between(1, 4));
  std::vector<Expr> items;
  for (int n = random_.between(2, 4); n > 0; --n) items.push_back(expressions.any());
  add_items(view, expressions, from, std::move(items));
  if (random_.chance(30)) {
    expressions.use("place as a column");
    view.items.push_back({window, "place"});
    outputs_.emplace_back("place", Expr{window, Kind::integer, "BIGINT", true, false, false});
    view.qualify = "place <= " + most;
  } else {
    view.qualify = random_.chance(40)   ? window + " = 1"
                   : random_.chance(50) ? window + " <= " + most
                                        : most + " >= " + window;
  }
  add_where(view, expressions, from);
  view.hidden = from.order;
  shape_ = Relation::Shape::rows;
  note_order(expressions, from);
  return view;
}

View ViewGenerator::window_over_events() {
  const Source from = source();
  View view;
  view.from = from.from;
  Expressions expressions(random_, faults_, from, used_);
  expressions.use("window over events");
  std::vector<Expr> items{expressions.any(), expressions.any()};
  Expr window{"", Kind::integer, "", false, false, false};
  const Sql over = "PARTITION BY " + expressions.key().sql + " ORDER BY " + expressions.sortable().sql;
  if (!from.order.empty() && faults_.contains('k') && random_.chance(60)) {
    expressions.use_order("order in what is answered when read");
    const std::string tail = ", " + joined(from.order);
    window.sql = random_.pick({"lag(", "lead(", "first_value("}) + expressions.sortable().sql + ") OVER (" +
                 over + Sql("", tail, tail) + ")";
  } else {
    window.sql = random_.chance(50) ? "count(*) OVER (" + over + ")" : "rank() OVER (" + over + ")";
  }
  items.push_back(window);
  add_items(view, expressions, from, std::move(items));
  add_where(view, expressions, from);
  shape_ = Relation::Shape::groups;
  note_order(expressions, from);
  return view;
}

View ViewGenerator::united() {
  std::vector<View> sides;
  std::vector<std::pair<std::string, Expr>> outputs;
  for (int side = 0; side < 2; ++side) {
    const Source from = source();
    Expressions expressions(random_, faults_, from, used_);
    View view;
    view.from = from.from;
    outputs_.clear();
    Expr number = expressions.scalar(Kind::integer, 1);
    number.sql = "TRY_CAST(" + number.sql + " AS BIGINT)";
    number.type = "BIGINT";
    add_items(view, expressions, from, {expressions.scalar(Kind::text, 1), number});
    add_where(view, expressions, from);
    if (side == 0) outputs = outputs_;
    note_order(expressions, from);
    sides.push_back(std::move(view));
  }
  outputs_ = outputs;
  sides[0].operand.push_back(sides[1]);
  shape_ = Relation::Shape::groups;
  return sides[0];
}

View ViewGenerator::set_operation() {
  View view = united();
  if (random_.chance(70)) {
    used_.insert("UNION ALL");
    view.set_operation = "UNION ALL";
  } else {
    used_.insert("set operation");
    view.set_operation = random_.pick({"UNION", "EXCEPT", "INTERSECT"});
  }
  return view;
}

View ViewGenerator::over_derived() {
  const std::string alias = new_alias("d");
  const std::string outer = name_;
  View inner = linear_over(source(), false);
  inner.name = alias;
  const auto described = engine_.session().describe(inner.sql(View::Spelling::plain));
  if (!described) return inner;  // will not be taken either
  const bool is_cte = random_.chance(50);
  used_.insert(is_cte ? "CTE" : "derived table");
  Source from;
  from.is_events = false;
  const auto written = inner.sql(View::Spelling::written);
  const auto plain = inner.sql(View::Spelling::plain);
  const Sql body{written, plain, plain};
  from.from = is_cte ? Sql(alias) : "(" + body + ") AS " + alias;
  from.stars.push_back(alias);
  for (const auto& output : *described) {
    if (output.name.starts_with("zz ")) continue;
    Column column;
    column.name = output.name;
    column.type = output.type;
    column.kind = kind_of(output.type);
    column.qualifier = alias;
    for (const auto& [name, expr] : outputs_) {
      if (name != output.name) continue;
      column.is_small = expr.is_small;
      column.is_summable = expr.is_summable;
      column.is_fuzzy = expr.is_fuzzy;
    }
    from.columns.push_back(std::move(column));
  }
  for (size_t i = 0; i < inner.hidden.size(); ++i) {
    from.hidden.push_back(View::hidden_name(alias, i));
    if (faults_.contains('k')) from.order.push_back(alias + "." + View::hidden_name(alias, i));
  }
  outputs_.clear();
  View view = random_.chance(70) ? aggregate_over(from) : linear_over(from, true);
  if (is_cte) view.with = "WITH " + alias + " AS (" + body + ") ";
  return view;
}

View ViewGenerator::with_subquery() {
  View view = random_.chance(60) ? aggregated() : linear();
  const Relation* table = pick_relation([](const Relation& r) { return r.shape == Relation::Shape::table; });
  if (table == nullptr || !view.plain_where.empty()) return view;
  const std::string alias = new_alias("q");
  const Column& inner = random_.pick(table->columns);
  const std::string inner_name = alias + "." + identifier(inner.name);
  // Which columns the view's own FROM has is known by binding: one that does not fit is not taken.
  std::vector<std::string> outer;
  for (const auto& [name, relation] : relations_) {
    if (!reads_.contains(name)) continue;
    for (const Column& column : relation.columns) {
      if (column.kind == inner.kind && column.plain_name.empty()) outer.push_back(identifier(column.name));
    }
  }
  if (outer.empty()) return view;
  const std::string column = random_.pick(outer);
  reads_.insert(table->name);
  switch (random_.below(3)) {
    case 0:
      used_.insert("IN over a table");
      view.where.push_back(fmt::format("{} {} (SELECT {} FROM {} AS {} WHERE {} IS NOT NULL)", column,
                                       random_.pick({"IN", "NOT IN"}), inner_name, table->name, alias,
                                       inner_name));
      break;
    case 1:
      used_.insert("EXISTS over a table");
      view.where.push_back(fmt::format("{} (SELECT 1 FROM {} AS {} WHERE {} = {})",
                                       random_.pick({"EXISTS", "NOT EXISTS"}), table->name, alias, inner_name,
                                       column));
      break;
    default:
      used_.insert("scalar subquery over a table");
      view.where.push_back(
          fmt::format("{} >= (SELECT min({}) FROM {} AS {})", column, inner_name, table->name, alias));
  }
  return view;
}

View ViewGenerator::stream_join() {
  const Relation* a = pick_relation([](const Relation& r) { return r.shape == Relation::Shape::stream; });
  const Relation* b = pick_relation([](const Relation& r) { return r.shape == Relation::Shape::stream; });
  Source from = of(*a, "a");
  Source other = of(*b, "b");
  used_.insert(a == b ? "join of a stream with itself" : "join of streams");
  from.from += random_.pick({" JOIN ", " LEFT JOIN ", " SEMI JOIN "});
  const bool is_semi = from.from.written.ends_with(" SEMI JOIN ");
  from.from += other.from + " ON a.id = b.id" + random_.pick({"", " + 1"});
  if (!is_semi) {
    for (Column& column : other.columns) {
      column.is_ambiguous = true;
      from.columns.push_back(column);
    }
    from.stars.push_back("b");
    from.hidden.insert(from.hidden.end(), other.hidden.begin(), other.hidden.end());
  }
  for (Column& column : from.columns) column.is_ambiguous = true;
  std::erase_if(from.columns, [](const Column& c) { return !c.plain_name.empty(); });
  from.order.clear();
  from.is_events = false;
  return aggregate_over(from);
}

View ViewGenerator::grouping_sets() {
  const Source from = source();
  View view;
  view.from = from.from;
  Expressions expressions(random_, faults_, from, used_);
  expressions.use("ROLLUP, CUBE, GROUPING SETS");
  std::vector<Expr> items{expressions.key(), expressions.key()};
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

// ---- the whole view ----

void ViewGenerator::note_order(const Expressions& expressions, const Source& source) {
  depends_on_order_ = depends_on_order_ || expressions.depends_on_order();
  const bool is_unnested = used_.contains("unnest in FROM") && !source.order.empty() &&
                           source.order.back().find("zz_place") != std::string::npos;
  if (is_unnested && expressions.depends_on_order()) used_.insert("order above unnest");
}

bool ViewGenerator::register_view(View& view) {
  view.name = name_;
  bool is_maintained = true;
  for (const std::string& name : used_) is_maintained = is_maintained && construct(name).is_maintained;
  if (is_risky_ && !is_maintained) return false;
  if (depends_on_order_ && !is_maintained) {
    if (!faults_.contains('k')) return false;
    used_.insert("order in what is answered when read");
  }
  view.constructs = used_;
  view.reads = reads_;
  view.must_be_maintained = is_maintained;
  view.can_fail = used_.contains("sum beyond 38 digits");
  if (shape_ == Relation::Shape::groups) view.hidden.clear();
  for (const View& operand : view.operand) {
    if (!operand.hidden.empty()) view.operand[0].hidden.clear();
  }
  if (!used_.contains("system column") && !engine_.session().describe(view.sql(View::Spelling::written)))
    return false;
  if (!engine_.session().run(
          fmt::format("CREATE OR REPLACE VIEW {} AS {}", view.name, view.sql(View::Spelling::plain))))
    return false;
  const auto described = engine_.session().describe("SELECT * FROM " + view.name);
  if (!described) return false;
  Relation relation;
  relation.name = view.name;
  relation.shape = shape_;
  relation.hidden = view.hidden.size();
  relation.is_maintained = is_maintained;
  std::set<std::string> names;
  for (const auto& output : *described) {
    if (output.name.starts_with("zz ")) continue;
    if (!names.insert(sql::lower(output.name)).second) return false;
    Column column;
    column.name = output.name;
    column.type = output.type;
    column.kind = kind_of(output.type);
    for (const auto& [name, expr] : outputs_) {
      if (name != output.name) continue;
      column.is_small = expr.is_small;
      column.is_summable = expr.is_summable && column.kind == Kind::floating;
      column.is_fuzzy = expr.is_fuzzy;
    }
    relation.columns.push_back(std::move(column));
  }
  relations_[view.name] = std::move(relation);
  return true;
}

View ViewGenerator::make(const std::string& name) {
  static const std::vector<Form> forms = {&ViewGenerator::linear,
                                          &ViewGenerator::linear,
                                          &ViewGenerator::linear,
                                          &ViewGenerator::aggregated,
                                          &ViewGenerator::aggregated,
                                          &ViewGenerator::aggregated,
                                          &ViewGenerator::aggregated,
                                          &ViewGenerator::aggregated,
                                          &ViewGenerator::aggregated,
                                          &ViewGenerator::distinct,
                                          &ViewGenerator::distinct_on,
                                          &ViewGenerator::top_of_key,
                                          &ViewGenerator::top_of_key,
                                          &ViewGenerator::set_operation,
                                          &ViewGenerator::over_derived,
                                          &ViewGenerator::with_subquery,
                                          &ViewGenerator::window_over_events,
                                          &ViewGenerator::stream_join,
                                          &ViewGenerator::grouping_sets};
  for (int attempt = 0; attempt < 200; ++attempt) {
    name_ = name;
    used_.clear();
    reads_.clear();
    outputs_.clear();
    depends_on_order_ = false;
    is_risky_ = false;
    shape_ = Relation::Shape::groups;
    aliases_ = 0;
    View view = (this->*random_.pick(forms))();
    if (register_view(view)) return view;
  }
  View view;
  view.name = name;
  view.items = {{"count(*)", "n"}};
  view.from = "bronze.e";
  view.reads = {"bronze.e"};
  return view;
}

}  // namespace anabranch::fuzz
