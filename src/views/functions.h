#pragma once
// What the compiler knows of functions by name.

#include <string_view>

#include "sql/syntax.h"

namespace anabranch::views {

/// A call to an aggregate function of the engine (without OVER).
bool is_aggregate(const sql::Expr& expr);
bool has_aggregate(const sql::Expr& expr);
bool has_window(const sql::Expr& expr);
bool has_subquery(const sql::Expr& expr);

/// Whether its value depends on when it is evaluated, or on chance: now(), age(ts), random(), …
bool depends_on_moment(const sql::Expr& expr);
bool depends_on_moment(const sql::Select& select);
/// A call of unnest, which gives several rows.
bool is_unnest(const sql::Expr& expr);

/// An aggregate of the engine by its lower-case name, aliases included.
bool is_aggregate_name(std::string_view name);

}  // namespace anabranch::views
