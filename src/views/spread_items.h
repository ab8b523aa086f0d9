#pragma once
// Items of a SELECT that the engine makes several columns of.

#include <optional>
#include <vector>

#include "model/relation_column.h"
#include "sql/database.h"
#include "sql/syntax.h"

namespace anabranch::views {

/// The SELECT with COLUMNS(…) and unnest of a struct written as the columns that they are; `columns` are
/// those that it gives. Nothing where there is none, or where the engine would not take it to be the same.
std::optional<sql::Select> with_spread_items(const sql::Select& select,
                                             const std::vector<model::RelationColumn>& columns,
                                             sql::Session& session);

}  // namespace anabranch::views
