#pragma once

#include <set>
#include <string>

#include "base/result.h"
#include "sql/database.h"

namespace anabranch::sql {

using FunctionNames = std::set<std::string, std::less<>>;

/// The names, in lower case, of all functions that the engine has or that its extensions and its shell would
/// bring: what tells a function that does not exist from one that may not be called.
Result<FunctionNames> function_names(Session& session);

/// What the engine may have bound where these functions are called: an alias has another name then, a macro
/// is others.
Result<FunctionNames> bound_names(Session& session, const FunctionNames& called);

}  // namespace anabranch::sql
