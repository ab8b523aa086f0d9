#pragma once

#include <string>
#include <vector>

#include "sql/syntax.h"

namespace anabranch::views {

/// ORDER BY what this SQL of ours says.
sql::OrderItem order_item(const std::string& sql);

/// Adds `ties`, an order of all rows, to a window where its result depends on the order of those that are
/// ties in its own: to OVER where it goes through rows one by one, to its arguments where it looks at whole
/// frames.
void order_ties(sql::Expr& window, const std::vector<sql::OrderItem>& ties);

}  // namespace anabranch::views
