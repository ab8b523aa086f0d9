#pragma once
// What users' SQL may be: one SELECT over names of the catalogue, with functions that only compute. Checked
// on the parse tree, because an engine that is locked down still lets COPY TO, ATTACH, CREATE and PRAGMA
// through.

#include <string_view>

#include "base/result.h"
#include "sql/syntax.h"

namespace anabranch::serve {

/// refused, with a place in `text`, for functions and table functions that are not on the list and for
/// parameters.
Status check_query(const sql::Select& select, std::string_view text);

bool is_allowed_function(std::string_view name);

}  // namespace anabranch::serve
