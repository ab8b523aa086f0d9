#pragma once
// What of the engine's optimiser we take back. Included by src/sql only.

#include "duckdb.hpp"

namespace anabranch::sql {

/// For all plans of a database's connections; to be called once for its configuration.
/// - ORDER BY … LIMIT tells the scans below it the largest value that can still count, through casts between
///   integers too; the engine compares that value with the column as if both had the same type, and loses
///   rows where they have not. There the scans are told nothing.
/// - A join is made of `x IN (…)` over five constants and more, which takes x out of a TRY around it; x then
///   raises what TRY would have caught. There the list becomes the comparisons that it stands for. (What
///   occurs twice would be taken out too: sql::Database switches that rule off.)
void add_plan_corrections(duckdb::DBConfig& config);

}  // namespace anabranch::sql
