#pragma once
// What the compiler knows of functions by name.

#include <string_view>

#include "sql/function_names.h"
#include "sql/syntax.h"

namespace anabranch::views {

/// A call to an aggregate function of the engine (without OVER).
bool is_aggregate(const sql::Expr& expr);
bool has_aggregate(const sql::Expr& expr);
bool has_window(const sql::Expr& expr);
bool has_subquery(const sql::Expr& expr);
/// Whether this node gives a text a collation, under which texts that differ are equal.
bool is_collation(const sql::Expr& node);

/// Whether its value depends on when it is evaluated, or on chance: now(), age(ts), random(), …
bool depends_on_moment(const sql::Expr& expr);
bool depends_on_moment(const sql::Select& select);
/// A call of unnest, which gives several rows.
bool is_unnest(const sql::Expr& expr);

/// The SELECT with all aggregates as plain calls: those that the engine writes as macros over others
/// (geomean, weighted_avg) spelled out, WITHIN GROUP (ORDER BY x) as an argument.
sql::Select with_plain_aggregates(const sql::Select& select);

/// An aggregate of the engine by its lower-case name, aliases included.
bool is_aggregate_name(std::string_view name);
const sql::FunctionNames& aggregate_names();

}  // namespace anabranch::views
