#pragma once
// The part of the compiler that takes a SELECT apart. Used by compiler.cc.

#include <optional>
#include <string_view>

#include "base/result.h"
#include "sql/database.h"
#include "sql/syntax.h"
#include "views/from_clause.h"
#include "views/plan.h"
#include "views/relation.h"

namespace anabranch::views {

/// The SELECT with its names resolved over `from`, which is what its FROM was analysed to be; nothing, and
/// why
/// (`reason`), where the engine does not bind both to the same.
Result<std::optional<sql::Select>> understood(const sql::Select& select, const FromClause& from,
                                              sql::Session& session, Reason& reason);

/// Fills the stages, the class and the canonical SELECT of a maintained view into `plan`, whose name and
/// columns are set. Where the view cannot be maintained, adds the reasons to the plan and leaves its class
/// read_time. Errors are our own mistakes: the SELECT was bound by the engine before.
Status plan_maintained(const sql::Select& select, std::string_view text, const Relations& relations,
                       sql::Session& session, Plan& plan);

}  // namespace anabranch::views
