#pragma once

#include <string>

#include "sql/syntax.h"

namespace anabranch::sql {

/// A column by which rows are ordered.
struct OrderKey {
  std::string column;
  bool is_descending = false;
  OrderItem::Nulls nulls = OrderItem::Nulls::by_default;
  bool operator==(const OrderKey&) const = default;
};

}  // namespace anabranch::sql
