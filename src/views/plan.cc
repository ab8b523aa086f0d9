#include "views/plan.h"

#include <fmt/format.h>

namespace anabranch::views {

std::string_view to_string(ViewClass view_class) {
  switch (view_class) {
    case ViewClass::linear:
      return "linear";
    case ViewClass::distributive:
      return "distributive";
    case ViewClass::algebraic:
      return "algebraic";
    case ViewClass::holistic:
      return "holistic";
    case ViewClass::keyed:
      return "keyed";
    case ViewClass::merged:
      return "merged";
    case ViewClass::read_time:
      return "read_time";
  }
  return "read_time";
}

const StatePart* Plan::part(std::string_view name) const {
  for (const StatePart& part : parts) {
    if (part.name == name) return &part;
  }
  return nullptr;
}

std::string summary_name(const StatePart& part) { return part.name + std::string(summary_suffix); }

std::string block_name(std::string_view view, size_t number) { return fmt::format("{}:{}", view, number); }

std::string_view view_of_block(std::string_view name) { return name.substr(0, name.find(':')); }

std::string visible_name(std::string_view relation) { return std::string(relation) + "!"; }

sql::Meanings only(const std::set<std::string>& relations, const sql::Meanings& meanings) {
  sql::Meanings needed;
  for (const std::string& name : relations) {
    for (const std::string& known : {name, visible_name(name)}) {
      if (const auto found = meanings.find(known); found != meanings.end()) needed.insert(*found);
    }
  }
  return needed;
}

sql::Query rows_query(const Plan& plan, const sql::Meanings& meanings) {
  return {plan.rows, only(plan.relations, meanings)};
}

sql::Query partial_query(const Plan& plan, const StatePart& part, const sql::Meanings& meanings,
                         sql::Query rows) {
  if (part.name == errors_part) return {part.partial, only(plan.relations, meanings)};
  return sql::over(part.partial, "rows", std::move(rows));
}

sql::Query merge_query(const StatePart& part, sql::Query states) {
  return sql::over(part.merge, "states", std::move(states));
}

namespace {

// Over merged states, with the summaries of those that have none.
sql::Query over_states(const Plan& plan, const std::string& text, sql::Meanings states) {
  for (const StatePart& part : plan.parts) {
    if (part.summary.empty() || states.contains(summary_name(part))) continue;
    const auto merged = states.find(part.name);
    if (merged == states.end()) continue;
    states.emplace(summary_name(part), sql::meaning({part.summary, {*merged}}));
  }
  return {text, std::move(states)};
}

}  // namespace

sql::Query finalise_query(const Plan& plan, sql::Meanings states) {
  return over_states(plan, plan.finalise, std::move(states));
}

sql::Query ordered_finalise_query(const Plan& plan, sql::Meanings states) {
  const bool has_order = !plan.ordered_finalise.empty();
  return over_states(plan, has_order ? plan.ordered_finalise : plan.finalise, std::move(states));
}

sql::Query inlined_query(const Plan& plan, sql::Query rows) {
  return sql::over(plan.inlined, "rows", std::move(rows));
}

sql::Query canonical_query(const Plan& plan, const sql::Meanings& meanings) {
  return {plan.canonical, only(plan.relations, meanings)};
}

sql::Query ordered_query(const Plan& plan, const sql::Meanings& meanings) {
  return {plan.ordered.empty() ? plan.canonical : plan.ordered, only(plan.relations, meanings)};
}

}  // namespace anabranch::views
