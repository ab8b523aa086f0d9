#pragma once

#include <string_view>
#include <vector>

#include "sql/function_names.h"
#include "sql/syntax.h"

namespace anabranch::sql {

/// A macro of the engine that stands for an aggregate, which its catalogue does not call one.
bool is_aggregate_macro(std::string_view name);

/// An expression whose aggregates and windows say in which order they take rows, where their results depend
/// on it. `rows`: what orders the rows that aggregates see; `keys`: what orders those that windows see.
Expr with_order(const Expr& expr, const std::vector<OrderItem>& rows, const std::vector<OrderItem>& keys,
                const FunctionNames& aggregates);

}  // namespace anabranch::sql
