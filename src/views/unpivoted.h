#pragma once
// UNPIVOT, as the SELECT that it means.

#include <optional>

#include "sql/database.h"
#include "sql/syntax.h"

namespace anabranch::views {

/// The SELECT with a derived table in place of each UNPIVOT in it: `unnest` of a list of names beside one of
/// values. Nothing where there is none, or where the engine would not take one of them to be the same: those
/// stay.
std::optional<sql::Select> without_unpivots(const sql::Select& select, sql::Session& session);

}  // namespace anabranch::views
