#pragma once
// Scalar subqueries over the rows that a SELECT reads anyway.

#include <optional>

#include "sql/database.h"
#include "sql/syntax.h"

namespace anabranch::views {

/// The SELECT with such subqueries as windows over all of its rows: of a derived table or CTE that is read
/// once more for its sum, count, average or extremes, or count(*) of what is grouped. WHERE becomes QUALIFY,
/// for it filters after them. Nothing where there is none or where it might differ, as sums of doubles do.
std::optional<sql::Select> with_whole_windows(const sql::Select& select, sql::Session& session);

}  // namespace anabranch::views
