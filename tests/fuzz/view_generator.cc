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

// k0, s1, m0_n: what plans call their columns.
bool is_like_a_state(const std::string& name) {
  const bool has_letter =
      name.size() >= 2 && std::string_view("ksadfmov").find(name[0]) != std::string_view::npos;
  return has_letter && name.size() <= 7 && name.find_first_of("0123456789") != std::string::npos;
}

Column column_of(const Field& field) {
  Column column;
  column.name = field.name;
  column.type = field.type.to_sql();
  column.kind = kind_of(column.type);
  column.is_small = field.is_small;
  column.is_unique = field.is_unique;
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
    if (field.is_drift && !has_drift_fields) {
      coming_.insert(sql::lower(field.name));
      continue;
    }
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
      if (is_like_a_state(name) && !faults_.contains('d')) continue;
      construct = "shadowing alias";
    } else if (choice < 40) {
      name = random_.pick({"n", "v", "o", "main", "states", "rows", "total", "up_to", "one", "errors",
                           "summary", "build", "Größe", "a-b", "it's", "order", "row"});
    } else if (choice < 60 && faults_.contains('d')) {
      name = random_.pick({"k0", "k1", "s0", "s1", "d0", "m0_n", "_ord", "_order0", "_key0", "_key1", "@main",
                           "@rows", "@states", "_is_failed", "_is_kept", "_event_offset", "_row"});
      construct = "name like ours";
    } else if (choice < 75 && faults_.contains('b')) {
      name = random_.pick({"x'--", "a\"b", "\"@bronze.e\"", "'\"@bronze.e\"'", "/*", "a\"--"});
      construct = "name with quotes and comment signs";
    }
    if (coming_.contains(sql::lower(name)) || !taken.insert(sql::lower(name)).second) continue;
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
  for (const auto& some : {expressions.errors(), source.errors}) {
    for (const std::string& error : some) errors += (errors.empty() ? "" : " OR ") + error;
  }
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

Sql ViewGenerator::unhidden(const Sql& sql, const Source& source) {
  const bool hides = std::any_of(outputs_.begin(), outputs_.end(), [&](const auto& output) {
    return std::any_of(source.columns.begin(), source.columns.end(),
                       [&](const Column& column) { return sql::same_name(column.name, output.first); });
  });
  if (!hides || faults_.contains('g')) return sql;
  if (sql.full.find("zz ") != std::string::npos) return {};  // a system column, which has another name there
  return {sql.full, sql.full, sql.full};
}

// False when the place of an element is not to be told.
bool ViewGenerator::add_unnest(View& view, Expressions& expressions, const Source& source) {
  const auto list = expressions.column([](const Column& c) { return c.kind == Kind::list; });
  if (!list) return true;
  expressions.use("unnest in SELECT");
  Expr item;
  item.sql = "unnest(" + list->sql + ")";
  item.type = list->type.substr(0, list->type.size() - 2);
  item.kind = kind_of(item.type);
  add_items(view, expressions, source, {item});
  if (!faults_.contains('i')) return false;
  expressions.use_order("order above unnest in SELECT");
  // A place within rows that are in no order tells nothing.
  if (!source.order.empty()) view.hidden.push_back("unnest(range(len(" + list->sql.full + ")))");
  return true;
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
  view.hidden = source.order;
  bool has_order = !source.order.empty();
  if (random_.chance(faults_.contains('i') ? 40 : 7))
    has_order = add_unnest(view, expressions, source) && has_order;
  add_where(view, expressions, source);
  shape_ = !has_order || !source.is_events ? Relation::Shape::groups : Relation::Shape::linear;
  if (may_be_limited && has_order && random_.chance(faults_.contains('g') ? 50 : 12)) {
    shape_ = Relation::Shape::rows;
    used_.insert("LIMIT");
    expressions.use_order("order of rows");
    if (random_.chance(60)) {
      Expr by = expressions.sortable();
      by.sql = unhidden(by.sql, source);
      if (!by.sql.empty()) view.order_by.push_back(expressions.order_item(by));
    }
    if (faults_.contains('g') && random_.chance(80)) {
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
    view.ties = view.hidden;
    view.limit = random_.chance(70)
                     ? fmt::format("LIMIT {}", random_.between(1, 12))
                     : fmt::format("LIMIT {} OFFSET {}", random_.between(1, 12), random_.between(1, 4));
    if (faults_.contains('r') && random_.chance(20)) {
      used_.insert("LIMIT of a subquery");
      view.limit = "LIMIT (SELECT 3)";
    }
    show_order(view);
  }
  note_order(expressions, source);
  // Places of elements, of which the view below has some already.
  if (source.is_view_of_join && used_.contains("order above unnest in SELECT") && view.limit != "")
    used_.insert("order above unnest");
  return view;
}

// Rows with an ORDER BY of their own are in that order to what reads them.
void ViewGenerator::show_order(View& view) {
  if (view.order_by.empty() || view.hidden.empty()) return;
  if (used_.contains("alias within ORDER BY")) {
    view.hidden.clear();
    return;
  }
  std::string order;
  for (const Sql& item : view.order_by) order += item.plain + ", ";
  for (const std::string& tie : view.ties) order += tie + ", ";
  order.resize(order.size() - 2);
  view.hidden = {fmt::format("row_number() OVER (ORDER BY {})", order)};
}

View ViewGenerator::linear() { return linear_over(source(), true); }

View ViewGenerator::distinct_on() {
  const Source from = source(true);
  if (from.order.empty()) return {};  // which row stays would be nobody's to say
  View view;
  view.from = from.from;
  Expressions expressions(random_, faults_, from, used_);
  expressions.use("DISTINCT ON");
  expressions.use_order("order of rows");
  const Expr key = expressions.key();
  std::vector<Expr> keys{key};
  if (random_.chance(20)) keys.push_back(expressions.key());
  std::vector<Expr> items{key};
  for (int n = random_.between(1, 4); n > 0; --n) items.push_back(expressions.any());
  // Of an item that is there twice an alias means the one, and what it stands for the other.
  const bool is_twice = std::any_of(items.begin(), items.end(), [&](const Expr& item) {
    return std::any_of(items.begin(), items.end(),
                       [&](const Expr& other) { return &item != &other && item.sql.full == other.sql.full; });
  });
  add_items(view, expressions, from, std::move(items));
  for (const Expr& one : keys) {
    const bool is_spelled = is_twice && one.sql.full.find("zz ") == std::string::npos;
    const Sql spelled = is_spelled ? Sql(one.sql.full) : unhidden(one.sql, from);
    view.distinct_on.push_back(
        spelled.empty() ? Sql(from.columns[0].qualifier + "." + identifier(from.columns[0].name)) : spelled);
  }
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
  show_order(view);
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
  const bool has_key = (is_row_number && (!faults_.contains('t') || random_.chance(65))) ||
                       (!is_row_number && (!faults_.contains('e') || random_.chance(60)));
  Sql over;
  if (has_key) {
    const Expr key = expressions.key();
    over += "PARTITION BY " + key.sql;
    if (key.kind == Kind::text && faults_.contains('h') && random_.chance(50)) {
      expressions.use("collation");
      over += " COLLATE NOCASE";
    }
  }
  if (random_.chance(has_key ? 88 : 50) || !is_row_number)
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
    expressions.use_order(has_key ? "QUALIFY rank" : "QUALIFY rank over everything");
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
    view.set_operation = random_.pick({"UNION", "EXCEPT", "INTERSECT", "EXCEPT ALL", "INTERSECT ALL"});
  }
  return view;
}

View ViewGenerator::over_derived() {
  const std::string alias = new_alias("d");
  const std::string outer = name_;
  const bool is_grouped = random_.chance(30);
  View inner = is_grouped ? aggregate_over(source()) : linear_over(source(), false);
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
  // Columns of what the view reads, by a name that is there once; where its FROM hides one, binding fails and
  // the view is not taken.
  std::map<std::string, std::vector<const Column*>> named;
  for (const auto& [name, relation] : relations_) {
    if (!reads_.contains(name)) continue;
    for (const Column& column : relation.columns) named[sql::lower(column.name)].push_back(&column);
  }
  std::vector<std::string> outer;
  for (const auto& [name, columns] : named) {
    const Column& column = *columns[0];
    // Structs of other fields, say, are compared by casts that may fail.
    const bool is_comparable =
        column.kind == inner.kind && (column.type == inner.type || column.kind < Kind::json);
    if (columns.size() == 1 && is_comparable && column.plain_name.empty())
      outer.push_back(identifier(column.name));
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

// ---- the whole view ----

void ViewGenerator::note_order(const Expressions& expressions, const Source& source) {
  depends_on_order_ = depends_on_order_ || expressions.depends_on_order();
  order_obstacle_ = source.order_obstacle;
  if (expressions.depends_on_order() && !source.order_obstacle.empty()) used_.insert(source.order_obstacle);
}

bool ViewGenerator::register_view(View& view) {
  view.name = name_;
  bool is_maintained = true;
  for (const std::string& name : used_) {
    const Construct& one = construct(name);
    is_maintained = is_maintained && one.is_maintained;
  }
  // An event that fails in one part is left out of all.
  if (is_risky_ && (!is_maintained || !view.operand.empty())) return false;
  // What the engine makes of it depends on the order in which it sees the rows; states are exact.
  if (used_.contains("deviation far from zero") && !is_maintained) return false;
  if (depends_on_order_ && !is_maintained) {
    if (!faults_.contains('k')) return false;
    used_.insert("order in what is answered when read");
  }
  view.constructs = used_;
  view.reads = reads_;
  view.must_be_maintained = is_maintained;
  const auto is_below = [&](const std::set<std::string>& views) {
    return std::any_of(reads_.begin(), reads_.end(),
                       [&](const std::string& below) { return views.contains(below); });
  };
  view.can_overflow = used_.contains("sum beyond 38 digits") || is_below(can_overflow_);
  view.is_overflow_below = is_below(can_overflow_);
  view.can_overflow_early = view.can_overflow && (!is_maintained || is_below(can_overflow_early_));
  if (view.can_overflow) can_overflow_.insert(view.name);
  if (view.can_overflow_early) can_overflow_early_.insert(view.name);
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
  relation.order_obstacle = order_obstacle_;
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
                                          &ViewGenerator::pivoted,
                                          &ViewGenerator::grouping_sets};
  for (int attempt = 0; attempt < 200; ++attempt) {
    name_ = name;
    used_.clear();
    reads_.clear();
    outputs_.clear();
    depends_on_order_ = false;
    is_risky_ = false;
    order_obstacle_.clear();
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
