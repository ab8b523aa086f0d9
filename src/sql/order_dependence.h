#pragma once
// What in a SELECT depends on the order of rows. Plain functions of the tree; any thread may call.

#include <string_view>

#include "sql/syntax.h"

namespace anabranch::sql {

/// last(), list(), arg_max() with its ties, …: an aggregate by its lower-case name.
bool aggregate_depends_on_order(std::string_view name);

/// What the order of rows that are ties in its own order means to a window.
enum class WindowOrder {
  none,          // ties do not matter
  of_partition,  // it goes through the rows of its partition one by one
  of_arguments,  // it sees all rows of its frame, in their order; peers stay peers
};
WindowOrder window_order(const Expr& window);

/// Whether what this SELECT gives depends on the order of the rows that it reads; not its derived tables and
/// subqueries.
bool depends_on_order(const Select& select);

/// The same of everything in it.
bool needs_order(const Select& select);

}  // namespace anabranch::sql
