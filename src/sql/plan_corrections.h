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
/// - `row_number() OVER (ORDER BY x) = 1` without PARTITION BY becomes an aggregate without groups, which
/// over
///   no rows at all gives a row of NULLs. There the window stays.
/// - Partial sums of integers of 128 bits, which decimals of more than 18 digits are too, are merged without
/// a
///   look at whether they fit. Here that is an error, as it is where all values are in one partial sum.
void add_plan_corrections(duckdb::DBConfig& config);

}  // namespace anabranch::sql
