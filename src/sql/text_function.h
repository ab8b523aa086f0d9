#pragma once
// A function of ours over texts, in an engine's SQL.

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sql/database.h"

namespace anabranch::sql {

/// What a text becomes; false where it has no place in what the function is for. Any thread of the engine may
/// call it.
using TextFunction = std::function<bool(std::string_view text, std::string& out)>;

/// Makes `name(VARCHAR)` a function of the session's database that gives text: NULL for NULL and where
/// `function` returns false. It lives as long as the database.
Status register_text_function(Session& session, const std::string& name, TextFunction function);

}  // namespace anabranch::sql
