#pragma once

#include <vector>

#include "sql/function_names.h"
#include "sql/syntax.h"

namespace anabranch::sql {

/// An expression whose aggregates and windows say in which order they take rows, where their results depend
/// on it. `rows`: what orders the rows that aggregates see; `keys`: what orders those that windows see.
Expr with_order(const Expr& expr, const std::vector<OrderItem>& rows, const std::vector<OrderItem>& keys,
                const FunctionNames& aggregates);

}  // namespace anabranch::sql
