#include "serve/caller_sight.h"

#include <fmt/format.h>

#include "model/names.h"
#include "sql/syntax.h"
#include "views/exposed.h"

namespace anabranch::serve {

using security::Restriction;
using views::Relation;

namespace {

// What is left of a relation. A stream's raw text has all of its fields in it.
Relation shown(Relation relation, const Restriction& restriction) {
  const auto is_hidden = [&](const model::RelationColumn& column) {
    return restriction.hidden_columns.contains(sql::lower(column.name));
  };
  const bool has_all_values = restriction.hidden_columns.empty() && restriction.masks.empty();
  std::erase_if(relation.columns, is_hidden);
  std::erase_if(relation.hidden_columns, [&](const model::RelationColumn& column) {
    return is_hidden(column) || (column.name == model::raw_column && !has_all_values);
  });
  // The order of a view's rows tells of the values that they are ordered by.
  const bool is_view = relation.kind != Relation::Kind::stream && !views::is_table(relation);
  if (is_view && !has_all_values) {
    relation.hidden_columns.clear();
    relation.order.clear();
  }
  return relation;
}

// A condition of a query may be tried on a row before the filter is: there it meets NULL and no value.
std::string shown_columns(const std::vector<model::RelationColumn>& columns, const Restriction& restriction) {
  std::string items;
  for (const auto& column : columns) {
    const std::string name = sql::quote_identifier(column.name);
    std::string value = name;
    if (const auto mask = restriction.masks.find(sql::lower(column.name)); mask != restriction.masks.end())
      value = fmt::format("TRY_CAST(({}) AS {})", mask->second, column.type);
    if (!restriction.row_filter.empty())
      value = fmt::format("CASE WHEN ({}) THEN {} END", restriction.row_filter, value);
    items += fmt::format("{}{} AS {}", items.empty() ? "" : ", ", value, name);
  }
  return items;
}

sql::Query shown_rows(const std::string& items, const Restriction& restriction, const sql::Query& whole) {
  std::string text = fmt::format("SELECT {} FROM {}", items, sql::relation("whole"));
  if (!restriction.row_filter.empty()) text += fmt::format(" WHERE ({})", restriction.row_filter);
  return sql::over(std::move(text), "whole", whole);
}

}  // namespace

CallerSight::CallerSight(const security::Policy& policy, const security::Caller& caller,
                         const views::World& world)
    : world_(world), policy_(policy), caller_(caller) {
  for (const auto& [name, relation] : world.relations) {
    if (relation.is_block) continue;
    Restriction restriction = policy.restriction(caller, name);
    if (restriction.is_none()) continue;
    if (!relations_) relations_ = world.relations;
    Relation left = shown(relation, restriction);
    // Without a column there is nothing to select.
    if (restriction.is_hidden || left.columns.empty()) {
      relations_->erase(name);
      restriction.is_hidden = true;
    } else {
      relations_->at(name) = std::move(left);
    }
    restrictions_.emplace(name, std::move(restriction));
  }
  for (const auto& [name, error] : world.absent) {
    if (policy.shows_whole(caller, name)) continue;
    if (!absent_) absent_ = world.absent;
    absent_->erase(name);
  }
}

bool CallerSight::sees(std::string_view relation) const {
  const std::string name = sql::lower(relation);
  const auto found = restrictions_.find(name);
  if (found != restrictions_.end()) return !found->second.is_hidden;
  return world_.relations.contains(name) || policy_.shows(caller_, name);
}

bool CallerSight::sees_whole(std::string_view relation) const {
  const std::string name = sql::lower(views::view_of_block(relation));
  if (restrictions_.contains(name)) return false;
  return world_.relations.contains(name) || policy_.shows_whole(caller_, name);
}

bool CallerSight::sees_whole_below(const std::set<std::string>& relations) const {
  std::set<std::string> seen;
  std::vector<std::string> left(relations.begin(), relations.end());
  while (!left.empty()) {
    const std::string name = std::move(left.back());
    left.pop_back();
    if (!seen.insert(name).second) continue;
    if (!sees_whole(name)) return false;
    const views::Plan* plan = world_.plan(name);
    if (!plan) continue;
    for (const auto* below : {&plan->relations, &plan->streams, &plan->tables})
      left.insert(left.end(), below->begin(), below->end());
  }
  return true;
}

std::vector<model::RelationColumn> CallerSight::columns_of(const views::Plan& plan) const {
  const auto found = restrictions_.find(sql::lower(plan.view));
  if (found == restrictions_.end()) return plan.columns;
  std::vector<model::RelationColumn> columns = plan.columns;
  std::erase_if(columns, [&](const model::RelationColumn& column) {
    return found->second.hidden_columns.contains(sql::lower(column.name));
  });
  return columns;
}

model::Offsets CallerSight::seen(const model::Offsets& offsets) const {
  model::Offsets seen = offsets;
  std::erase_if(seen, [&](const auto& entry) { return !sees(model::bronze(entry.first).text()); });
  return seen;
}

void CallerSight::restrict(const std::set<std::string>& named, sql::Meanings& meanings) const {
  for (const std::string& name : named) {
    const auto restriction = restrictions_.find(sql::lower(name));
    if (restriction == restrictions_.end()) continue;
    const Relation& relation = relations().at(sql::lower(name));
    const std::string items = shown_columns(relation.columns, restriction->second);
    std::string with_hidden = items;
    if (!relation.hidden_columns.empty())
      with_hidden += ", " + shown_columns(relation.hidden_columns, restriction->second);
    for (const auto& [key, columns] :
         {std::pair{views::visible_name(name), items}, std::pair{name, with_hidden}}) {
      const auto whole = meanings.find(key);
      if (whole != meanings.end())
        whole->second = sql::meaning(shown_rows(columns, restriction->second, *whole->second));
    }
  }
}

}  // namespace anabranch::serve
