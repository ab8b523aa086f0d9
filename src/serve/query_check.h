#pragma once
// What users' SQL may be: one SELECT over names of the catalogue, with functions that only compute. Checked
// on the parse tree, because an engine that is locked down still lets COPY TO, ATTACH, CREATE and PRAGMA
// through.

#include <string_view>

#include "base/result.h"
#include "sql/function_names.h"
#include "sql/syntax.h"

namespace anabranch::serve {

/// refused, with a place in `text`, for functions and table functions that are not on the list and for
/// parameters. bad_sql, with a name that is near, for functions that are not in `known` either.
Status check_query(const sql::Select& select, std::string_view text, const sql::FunctionNames& known);

bool is_allowed_function(std::string_view name);
/// All of them, in lower case.
const sql::FunctionNames& allowed_functions();

}  // namespace anabranch::serve
