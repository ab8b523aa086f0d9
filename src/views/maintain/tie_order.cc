#include "views/maintain/tie_order.h"

#include <string>

#include "sql/order_dependence.h"

namespace anabranch::views {

sql::OrderItem order_item(const std::string& sql) {
  sql::OrderItem item;
  item.expr = sql::text_expr(sql);
  return item;
}

void order_ties(sql::Expr& window, const std::vector<sql::OrderItem>& ties) {
  switch (sql::window_order(window)) {
    case sql::WindowOrder::none:
      return;
    case sql::WindowOrder::of_partition:
      window.over->order_by.insert(window.over->order_by.end(), ties.begin(), ties.end());
      return;
    case sql::WindowOrder::of_arguments:
      // Not in OVER, where it would end the frame's ties.
      if (window.order_by.empty()) window.order_by = window.over->order_by;
      window.order_by.insert(window.order_by.end(), ties.begin(), ties.end());
  }
}

}  // namespace anabranch::views
