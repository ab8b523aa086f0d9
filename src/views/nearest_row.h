#pragma once
// ASOF JOIN of events with a table, as the join by ranges that it means: each row of the table is the nearest
// one from its own value on to that of the row after it. The engine's own operator breaks when a statement
// that was planned once runs again.

#include <map>
#include <optional>
#include <string>

#include "sql/syntax.h"

namespace anabranch::views {

/// By "alias.column" in lower case.
using ColumnTypes = std::map<std::string, std::string>;

/// The join by ranges for an ASOF JOIN whose right side is a relation of ours that is a table, names
/// resolved. Of rows of the table that are equal in all that the condition names, the last one counts; NULL
/// matches nothing. Nothing where the condition is of another kind than `same columns AND one value compared
/// with a column of the table`.
std::optional<sql::TableRef> join_by_ranges(const sql::TableRef& asof, const ColumnTypes& types);

}  // namespace anabranch::views
