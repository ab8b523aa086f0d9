#pragma once
// How the engine asks a session's guard. Included by src/sql only.

#include "duckdb.hpp"
#include "sql/plan_guard.h"

namespace anabranch::sql {

/// Lets a database's connections have guards: to be called once for its configuration.
void add_plan_check(duckdb::DBConfig& config);

/// What in a bound plan is against the rules, in words; empty: nothing is.
std::string forbidden_part(const duckdb::LogicalOperator& plan, const PlanRules& rules);

}  // namespace anabranch::sql
