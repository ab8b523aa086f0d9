#pragma once
// TRY catches the errors of what the engine evaluates within it, and the engine's optimiser takes things out
// of it.

#include <optional>

#include "sql/syntax.h"

namespace anabranch::views {

/// The expression in a form that stays within a TRY: `x IN (…)` over many constants, which the engine makes a
/// join of, becomes several short ones. Nothing where that could mean something else. (What occurs twice
/// would be taken out too: sql::Database switches that rule off.)
std::optional<sql::Expr> kept_within_try(const sql::Expr& expr);

}  // namespace anabranch::views
