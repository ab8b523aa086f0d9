#include "serve/merged_read.h"

#include <fmt/format.h>

#include "sql/parquet_relation.h"
#include "sql/syntax.h"
#include "views/exposed.h"

namespace anabranch::serve {

using speed::Epoch;
using views::Plan;
using views::Relation;

bool is_maintained(const Epoch& epoch, const Plan& plan) {
  return plan.is_maintained() && !epoch.unmaintained.contains(plan.view);
}

namespace {

// The relations that a view's reading needs, itself not included.
std::set<std::string> reads(const Epoch& epoch, const Plan& plan) {
  return is_maintained(epoch, plan) ? std::set<std::string>{} : plan.relations;
}

std::string states_sql(const Epoch& epoch, const Plan& plan, const views::StatePart& part) {
  std::string columns;
  for (const auto& column : part.columns)
    columns += (columns.empty() ? "" : ", ") + sql::quote_identifier(column.name);
  std::string states;
  const auto add = [&](const std::string& from) {
    states += fmt::format("{}SELECT {} FROM {}", states.empty() ? "" : " UNION ALL ", columns, from);
  };
  if (const auto built = epoch.built.find(plan.view); built != epoch.built.end()) {
    const bool is_rows = plan.view_class == views::ViewClass::linear && part.name == "main";
    if (is_rows && !built->second.row_files.empty()) {
      add(sql::parquet_relation(built->second.row_files, part.columns, ""));
    } else if (!is_rows) {
      add(fmt::format("{}.main.{}", sql::quote_identifier(built->second.database),
                      sql::quote_identifier(plan.view + "#" + part.name)));
    }
  }
  if (const auto slices = epoch.slices.find(plan.view); slices != epoch.slices.end()) {
    if (const auto relations = slices->second.find(part.name); relations != slices->second.end()) {
      for (const std::string& relation : relations->second) add(relation);
    }
  }
  return "(" + states + ")";
}

std::string merged_sql(const Epoch& epoch, const Plan& plan) {
  std::map<std::string, std::string> merged;
  for (const views::StatePart& part : plan.parts) merged[part.name] = merged_part(epoch, plan, part);
  return views::bind_relations(plan.finalise, merged);
}

// All relations that have to mean something, in the order of dependencies.
std::set<std::string> closure(const Epoch& epoch, const std::set<std::string>& relations) {
  std::set<std::string> all = relations;
  for (auto plan = epoch.world->plans.rbegin(); plan != epoch.world->plans.rend(); ++plan) {
    if (!all.contains(plan->view)) continue;
    for (const std::string& name : reads(epoch, *plan)) all.insert(name);
  }
  return all;
}

}  // namespace

std::string merged_part(const Epoch& epoch, const Plan& plan, const views::StatePart& part) {
  return "(" + views::bind_relations(part.merge, {{"states", states_sql(epoch, plan, part)}}) + ")";
}

std::set<std::string> needed_streams(const Epoch& epoch, const std::set<std::string>& relations) {
  std::set<std::string> streams;
  for (const std::string& name : closure(epoch, relations)) {
    if (epoch.world->schemas.contains(name)) streams.insert(name);
  }
  return streams;
}

std::map<std::string, std::string> relation_meanings(const Epoch& epoch,
                                                     const std::set<std::string>& relations,
                                                     const StreamRelations& streams) {
  const auto needed = closure(epoch, relations);
  std::map<std::string, std::string> meanings;
  for (const std::string& name : needed) {
    const Relation& relation = epoch.world->relations.at(sql::lower(name));
    if (relation.kind == Relation::Kind::stream) {
      if (const auto found = streams.find(name); found != streams.end())
        views::add_meaning(meanings, relation, found->second);
    } else if (relation.kind == Relation::Kind::table) {
      if (const auto found = epoch.tables.find(name); found != epoch.tables.end()) {
        views::add_meaning(meanings, relation, sql::quote_identifier(found->second));
      }
    }
  }
  for (const Plan& plan : epoch.world->plans) {
    if (!needed.contains(plan.view)) continue;
    const std::string read = is_maintained(epoch, plan) ? merged_sql(epoch, plan)
                                                        : views::bind_relations(plan.canonical, meanings);
    meanings[plan.view + "!"] = "(" + read + ")";
    // The canonical SELECT of a maintained view may read a linear one by its order.
    if (plan.inlined.empty()) {
      meanings[plan.view] = meanings[plan.view + "!"];
    } else if (is_maintained(epoch, plan)) {
      meanings[plan.view] = states_sql(epoch, plan, *plan.part("main"));
    } else {
      meanings[plan.view] = "(" + views::bind_relations(plan.inlined, meanings) + ")";
    }
  }
  return meanings;
}

}  // namespace anabranch::serve
