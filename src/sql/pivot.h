#pragma once
// PIVOT with fixed columns, as the groups that it means. Included by src/sql only.

#include "duckdb.hpp"
#include "duckdb/parser/query_node.hpp"

namespace anabranch::sql {

/// Puts in place of each PIVOT in a statement what the engine's binder makes of it: a SELECT with one
/// aggregate FILTER (WHERE …) for each of its columns. Throws NotTaken for what takes its columns from the
/// data. UNPIVOT stays: its names are those of columns, which are not known here.
void replace_pivots(duckdb::QueryNode& node);

}  // namespace anabranch::sql
