#pragma once
// A SELECT over a derived table, written as the one SELECT that both are.

#include <optional>
#include <string>
#include <vector>

#include "model/relation_column.h"
#include "sql/syntax.h"

namespace anabranch::views {

/// Whether a SELECT takes its rows, as they are and each by itself or with windows over them, from one
/// derived table that has groups or windows: what can be one SELECT with it.
bool is_over_derived_rows(const sql::Select& select);

/// That SELECT: `outer` with the items of `inner` in place of their names. Both are resolved, `outer` over a
/// relation of the name `alias` with the columns `columns`. Its WHERE becomes HAVING or QUALIFY. Nothing
/// where it would mean something else.
std::optional<sql::Select> flattened(const sql::Select& outer, const sql::Select& inner,
                                     const std::string& alias,
                                     const std::vector<model::RelationColumn>& columns);

}  // namespace anabranch::views
