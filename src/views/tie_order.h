#pragma once

#include <vector>

#include "sql/syntax.h"

namespace anabranch::views {

/// Adds `ties`, an order of all rows, to a window where its result depends on the order of those that are
/// ties in its own: to OVER where it goes through rows one by one, to its arguments where it looks at whole
/// frames.
void order_ties(sql::Expr& window, const std::vector<sql::OrderItem>& ties);

}  // namespace anabranch::views
