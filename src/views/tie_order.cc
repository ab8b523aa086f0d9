#include "views/tie_order.h"

#include <set>
#include <string>

#include "views/aggregates.h"

namespace anabranch::views {

using sql::Expr;

namespace {

// What the order of rows that are ties means to a window.
enum class TieOrder {
  none,          // ties do not matter
  of_partition,  // it goes through the rows of its partition one by one
  of_arguments,  // it sees all rows of its frame, in their order
};

TieOrder tie_order(const Expr& window) {
  static const std::set<std::string, std::less<>> by_row = {"row_number", "ntile", "lag", "lead"};
  if (by_row.contains(window.name)) return TieOrder::of_partition;
  if (window.over->frame.units == "ROWS") return TieOrder::of_partition;  // its frame counts rows
  static const std::set<std::string, std::less<>> values = {"first_value", "last_value", "nth_value"};
  if (values.contains(window.name) || depends_on_order(window)) return TieOrder::of_arguments;
  return TieOrder::none;
}

}  // namespace

sql::OrderItem order_item(const std::string& sql) {
  sql::OrderItem item;
  item.expr = sql::text_expr(sql);
  return item;
}

void order_ties(Expr& window, const std::vector<sql::OrderItem>& ties) {
  switch (tie_order(window)) {
    case TieOrder::none:
      return;
    case TieOrder::of_partition:
      window.over->order_by.insert(window.over->order_by.end(), ties.begin(), ties.end());
      return;
    case TieOrder::of_arguments:
      // Not in OVER, where it would end the frame's ties.
      if (window.order_by.empty()) window.order_by = window.over->order_by;
      window.order_by.insert(window.order_by.end(), ties.begin(), ties.end());
  }
}

}  // namespace anabranch::views
