// What the generator's views read: streams, tables and views, joined and unnested.

#include <algorithm>

#include <fmt/format.h>

#include "model/names.h"
#include "sql/syntax.h"
#include "tests/fuzz/view_generator.h"

namespace anabranch::fuzz {

// ---- sources ----

std::string ViewGenerator::new_alias(const char* stem) { return fmt::format("{}{}", stem, aliases_++); }

Source ViewGenerator::of(const Relation& relation, const std::string& alias) {
  Source source;
  const std::string qualifier = alias.empty() ? model::name_in_layer(relation.name) : alias;
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
  source.order_obstacle = relation.order_obstacle;
  source.is_view_of_join = relation.shape == Relation::Shape::linear && relation.hidden > 1;
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
  if (random_.chance(12) && join_nearest(source, other)) return;
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
  } else if (faults_.contains('j') && !is_left && !is_anti && !is_full && random_.chance(50) &&
             source.columns[i].kind == Kind::text) {
    used_.insert("failing cast in a join");
    is_risky_ = true;
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
  add_columns(source, other, is_using ? std::optional(j) : std::nullopt);
}

// The nearest row of a table, by a value that no two of them have: of ties the engine takes any, and a NULL
// it compares with some rows and not with others.
bool ViewGenerator::join_nearest(Source& source, const Source& other) {
  const auto nearest = std::find_if(other.columns.begin(), other.columns.end(),
                                    [](const Column& column) { return column.is_unique; });
  std::vector<const Column*> values;
  for (const Column& column : source.columns) {
    if (column.kind == Kind::integer && column.is_small && !column.is_fuzzy && column.plain_name.empty())
      values.push_back(&column);
  }
  if (nearest == other.columns.end() || values.empty()) return false;
  const auto name = [&](const Column& column) {
    return column.qualifier + "." + identifier(column.name, random_.chance(70));
  };
  std::vector<std::string> same;
  for (const Column& a : source.columns) {
    for (const Column& b : other.columns) {
      if (a.type == b.type && (a.kind == Kind::text || a.kind == Kind::integer) && !b.is_unique &&
          !a.is_fuzzy && a.plain_name.empty())
        same.push_back(fmt::format("{} = {}", name(a), name(b)));
    }
  }
  const bool is_left = random_.chance(50);
  used_.insert(is_left ? "ASOF left join" : "ASOF join");
  const std::string value = fmt::format("coalesce({}, {})", name(*random_.pick(values)), random_.below(20));
  std::string condition = random_.chance(80)
                              ? value + random_.pick({" >= ", " > ", " <= ", " < "}) + name(*nearest)
                              : name(*nearest) + random_.pick({" <= ", " >= "}) + value;
  if (!same.empty() && random_.chance(75)) condition = random_.pick(same) + " AND " + condition;
  source.from += (is_left ? " ASOF LEFT JOIN " : " ASOF JOIN ") + other.from + " ON " + condition;
  add_columns(source, other, std::nullopt);
  return true;
}

void ViewGenerator::add_columns(Source& source, const Source& other, std::optional<size_t> left_out) {
  if (source.is_view_of_join && source.order_obstacle.empty())
    source.order_obstacle = "order above joins above joins";
  if (!source.order.empty()) source.order.push_back(fmt::format("coalesce({}, 0)", other.order.at(0)));
  source.hidden.insert(source.hidden.end(), other.hidden.begin(), other.hidden.end());
  if (!left_out) source.stars.push_back(other.stars.at(0));
  for (size_t at = 0; at < other.columns.size(); ++at) {
    if (at == left_out) continue;
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
  const bool has_anti_join = source.from.written.find(" ANTI JOIN ") != std::string::npos;
  if (has_anti_join && !faults_.contains('v')) return;
  const Column list = *random_.pick(lists);
  const std::string alias = new_alias("u");
  const std::string named = list.qualifier + "." + identifier(list.name);
  used_.insert("unnest in FROM");
  std::string written = named;
  std::string plain = named;
  const bool is_of_event = source.is_events && list.qualifier == source.stars.at(0);
  const bool may_fail = is_of_event || (source.is_events && !source.order.empty());
  if (faults_.contains('j') && may_fail && list.type == "VARCHAR[]" && random_.chance(50)) {
    used_.insert("failing cast in a join");
    is_risky_ = true;
    written += "::INTEGER[]";
    const std::string tried = fmt::format("TRY_CAST({} AS INTEGER[])", named);
    const std::string fails =
        fmt::format("({0} IS NOT NULL AND coalesce(list_count({1}), -1) <> list_count({0}))", named, tried);
    // An event of which one element fails is left out with all of them: of NULL there are no rows. A list of
    // a table's row concerns what meets this row, and needs a row to tell it.
    plain = fmt::format("CASE WHEN {} THEN {} ELSE {} END", fails, is_of_event ? "NULL" : "[NULL]", tried);
    if (!is_of_event) source.errors.push_back(fails);
  }
  source.from += Sql(fmt::format(", unnest({}) AS {}(item)", written, alias),
                     fmt::format(", unnest({}) WITH ORDINALITY AS {}(item, zz_place)", plain, alias), "");
  Column item;
  item.name = "item";
  item.qualifier = alias;
  item.type = written == named ? list.type.substr(0, list.type.size() - 2) : "INTEGER";
  item.kind = kind_of(item.type);
  item.is_small = item.kind == Kind::integer;
  item.is_summable = item.kind == Kind::floating;
  for (Column& column : source.columns) {
    if (sql::same_name(column.name, item.name)) column.is_ambiguous = item.is_ambiguous = true;
  }
  source.columns.push_back(item);
  source.order_obstacle = "order above unnest";
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
  if (!is_for_order && random_.chance(faults_.contains('j') ? 30 : 8)) unnest(made);
  return made;
}

}  // namespace anabranch::fuzz
