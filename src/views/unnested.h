#pragma once

#include <optional>
#include <string>

#include "sql/database.h"
#include "sql/syntax.h"

namespace anabranch::views {

bool has_unnest(const sql::Expr& expr);

/// What is unnested in SELECT as one unnest in FROM, where each value has its place. Nothing where there is
/// none, or where the list of rows is not that simple; then `reason` says why.
std::optional<sql::Select> unnest_in_from(const sql::Select& select, sql::Session& session,
                                          std::string& reason);

}  // namespace anabranch::views
