#pragma once
// The rows stage, with errors kept from deciding anything: whether a bad cast raises depends on the order in
// which an engine evaluates filters. What can fail runs under TRY; an error in a predicate is "unknown"; an
// event whose outcome stays unknown, or of which an output fails, is recorded and left out whole.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sql/database.h"
#include "views/aggregates.h"
#include "views/from_clause.h"

namespace anabranch::views {

struct GuardedRows {
  std::string sql;  // the rows that count, with the columns asked for
  std::string
      errors;  // SELECT DISTINCT _partition, _offset of the events recorded; empty when nothing can fail
};

/// `session` has the relations as empty tables. refused, with the reason as message, where an expression
/// cannot be guarded (volatile functions).
Result<GuardedRows> guard_rows(const std::vector<RowColumns::Column>& columns, const FromClause& from,
                               const Box<sql::Expr>& where, sql::Session& session);

}  // namespace anabranch::views
