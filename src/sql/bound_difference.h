#pragma once
// Whether two statements mean the same to the engine. Included by src/sql only.

#include <optional>
#include <string>

#include "duckdb.hpp"

namespace anabranch::sql {

/// Compares two bound plans that no optimiser has touched: operators, expressions, functions, types, and
/// which column of which relation each reference is. Aliases do not count, a CTE counts as what it holds.
/// Gives the first thing that differs, in the words of a user of SQL; also where an operator is of a kind
/// that is not known here.
std::optional<std::string> bound_difference(const duckdb::LogicalOperator& a,
                                            const duckdb::LogicalOperator& b);

}  // namespace anabranch::sql
