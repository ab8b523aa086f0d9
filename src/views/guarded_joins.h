#pragma once
// A FROM clause in which nothing can fail: what a condition of a join or a list to unnest computes runs under
// TRY, where a failure is NULL and so no match, and the events that it concerns are told apart.

#include <string>
#include <vector>

#include "base/result.h"
#include "sql/database.h"
#include "views/from_clause.h"

namespace anabranch::views {

struct GuardedJoins {
  sql::TableRef table;
  /// Conditions over the events, true where something failed; they are never NULL. An expression over a table
  /// alone that fails for one of its rows concerns all events.
  std::vector<std::string> failures;
  /// Conditions of a row, true or failing: of a list of a table's row that is unnested, which concerns the
  /// events that meet this row. Where it fails the list has one element, so that there is a row to tell it.
  std::vector<sql::Expr> of_rows;
};

/// `session` has the relations as empty tables. refused, with the reason as message, where what may fail
/// takes columns of events and tables together.
Result<GuardedJoins> guard_joins(const FromClause& from, sql::Session& session);

}  // namespace anabranch::views
