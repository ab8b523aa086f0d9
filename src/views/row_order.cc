#include "views/row_order.h"

#include <fmt/format.h>

#include "base/join.h"
#include "sql/spelled_order.h"
#include "views/functions.h"
#include "views/plan.h"

namespace anabranch::views {

namespace {

sql::OrderedRelations ordered_relations(const Relations& relations, const std::set<std::string>& read) {
  sql::OrderedRelations ordered;
  for (const std::string& name : read) {
    const auto found = relations.find(sql::lower(name));
    if (found == relations.end()) continue;
    const Relation& relation = found->second;
    sql::OrderedRelation out{
        std::string(sql::relation_schema), relation.name, {}, {}, relation.order, relation.is_of_events};
    for (const auto& column : relation.columns) out.columns.push_back(column.name);
    const std::string key = sql::lower(fmt::format("{}.{}", sql::relation_schema, relation.name));
    ordered[visible_name(key)] = out;
    for (const auto& column : relation.hidden_columns) out.columns.push_back(column.name);
    ordered[key] = std::move(out);
  }
  return ordered;
}

std::string list_of(const std::vector<model::RelationColumn>& columns) {
  return join(columns, [](const auto& column) { return sql::quote_identifier(column.name); });
}

// Whether the first of these columns are those, and with the same names.
bool begins_with(const std::vector<model::RelationColumn>& all,
                 const std::vector<model::RelationColumn>& first, bool& has_same_names) {
  if (all.size() < first.size()) return false;
  has_same_names = true;
  for (size_t i = 0; i < first.size(); ++i) {
    if (all[i].type != first[i].type) return false;
    has_same_names = has_same_names && all[i].name == first[i].name;
  }
  return true;
}

bool are_different(const std::vector<model::RelationColumn>& columns) {
  std::set<std::string> names;
  for (const auto& column : columns) {
    if (!names.insert(sql::lower(column.name)).second) return false;
  }
  return true;
}

}  // namespace

std::optional<InOrder> in_order(const sql::Select& select, const Relations& relations,
                                const std::set<std::string>& read, bool shows_order,
                                const Describe& describe) {
  if (!shows_order && !sql::needs_order(select)) return std::nullopt;
  const auto spelled =
      sql::spell_order(select, ordered_relations(relations, read), shows_order, aggregate_names());
  if (!spelled) return std::nullopt;
  InOrder out{sql::to_sql(spelled->select), {}};
  const auto found = describe(out.sql);
  if (!found) return std::nullopt;
  if (spelled->keeps_names && !shows_order) return out;
  const auto columns = describe(sql::to_sql(select));
  bool has_same_names = true;
  if (!columns || !begins_with(*found, *columns, has_same_names)) return std::nullopt;
  if (!shows_order && found->size() != columns->size()) return std::nullopt;
  if (has_same_names && !shows_order) return out;
  if (!are_different(*columns)) return std::nullopt;
  std::string items = list_of(*columns);
  for (sql::OrderKey key : spelled->order) {
    const std::string name = fmt::format("{}{}", order_columns_prefix, out.order.size());
    items += fmt::format(", {} AS {}", sql::quote_identifier(key.column), sql::quote_identifier(name));
    key.column = name;
    out.order.push_back(std::move(key));
  }
  out.sql = fmt::format("SELECT {} FROM ({}) AS \"anabranch:rows\"({})", items, out.sql, list_of(*columns));
  if (!describe(out.sql)) return std::nullopt;
  return out;
}

}  // namespace anabranch::views
