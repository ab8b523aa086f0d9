#include "sql/plan_corrections.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/mistake.h"
#include "duckdb/common/types/hugeint.hpp"
#include "duckdb/execution/expression_executor.hpp"
#include "duckdb/main/config.hpp"
#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/planner/expression/bound_aggregate_expression.hpp"
#include "duckdb/planner/expression/bound_comparison_expression.hpp"
#include "duckdb/planner/expression/bound_conjunction_expression.hpp"
#include "duckdb/planner/expression/bound_operator_expression.hpp"
#include "duckdb/planner/expression/bound_window_expression.hpp"
#include "duckdb/planner/expression_iterator.hpp"
#include "duckdb/planner/filter/conjunction_filter.hpp"
#include "duckdb/planner/filter/dynamic_filter.hpp"
#include "duckdb/planner/filter/optional_filter.hpp"
#include "duckdb/planner/logical_operator_visitor.hpp"
#include "duckdb/planner/operator/logical_filter.hpp"
#include "duckdb/planner/operator/logical_get.hpp"
#include "duckdb/planner/operator/logical_top_n.hpp"
#include "duckdb/planner/operator/logical_window.hpp"

namespace anabranch::sql {
namespace {

using duckdb::Expression;
using duckdb::ExpressionIterator;
using duckdb::ExpressionType;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;
using duckdb::TableFilter;
using duckdb::TableFilterType;
using duckdb::unique_ptr;

// The value and four constants: of more the engine makes a join.
constexpr size_t list_children_max = 5;

bool is_told(const TableFilter& filter, const duckdb::DynamicFilterData& data) {
  const auto any_of = [&](const auto& children) {
    for (const auto& child : children) {
      if (is_told(*child, data)) return true;
    }
    return false;
  };
  switch (filter.filter_type) {
    case TableFilterType::DYNAMIC_FILTER:
      return filter.Cast<duckdb::DynamicFilter>().filter_data.get() == &data;
    case TableFilterType::OPTIONAL_FILTER: {
      const auto& optional = filter.Cast<duckdb::OptionalFilter>();
      return optional.child_filter && is_told(*optional.child_filter, data);
    }
    case TableFilterType::CONJUNCTION_AND:
      return any_of(filter.Cast<duckdb::ConjunctionAndFilter>().child_filters);
    case TableFilterType::CONJUNCTION_OR:
      return any_of(filter.Cast<duckdb::ConjunctionOrFilter>().child_filters);
    default:
      return false;
  }
}

// Whether every column that is compared with the value has its type.
bool have_type(const LogicalOperator& op, const duckdb::DynamicFilterData& data,
               const duckdb::LogicalType& type) {
  if (op.type == LogicalOperatorType::LOGICAL_GET) {
    const auto& get = op.Cast<duckdb::LogicalGet>();
    for (const auto& [column, filter] : get.table_filters.filters) {
      const bool has_type = column < get.returned_types.size() && get.returned_types[column] == type;
      if (!has_type && is_told(*filter, data)) return false;
    }
  }
  for (const auto& child : op.children) {
    if (!have_type(*child, data, type)) return false;
  }
  return true;
}

void correct(LogicalOperator& op) {
  if (op.type == LogicalOperatorType::LOGICAL_TOP_N) {
    auto& top = op.Cast<duckdb::LogicalTopN>();
    // A filter whose value nobody sets lets everything through.
    if (top.dynamic_filter && !have_type(op, *top.dynamic_filter, top.orders[0].expression->return_type))
      top.dynamic_filter = nullptr;
  }
  for (auto& child : op.children) correct(*child);
}

// `x IN (…)` over constants as the comparisons that it stands for, which the engine makes of short lists
// itself.
unique_ptr<Expression> comparisons(duckdb::BoundOperatorExpression& in) {
  const bool is_in = in.GetExpressionType() == ExpressionType::COMPARE_IN;
  auto all = duckdb::make_uniq<duckdb::BoundConjunctionExpression>(is_in ? ExpressionType::CONJUNCTION_OR
                                                                         : ExpressionType::CONJUNCTION_AND);
  for (size_t i = 1; i < in.children.size(); ++i) {
    all->children.push_back(duckdb::make_uniq<duckdb::BoundComparisonExpression>(
        is_in ? ExpressionType::COMPARE_EQUAL : ExpressionType::COMPARE_NOTEQUAL, in.children[0]->Copy(),
        std::move(in.children[i])));
  }
  return all;
}

bool is_made_a_join(const Expression& expr) {
  if (expr.GetExpressionType() != ExpressionType::COMPARE_IN &&
      expr.GetExpressionType() != ExpressionType::COMPARE_NOT_IN)
    return false;
  const auto& in = expr.Cast<duckdb::BoundOperatorExpression>();
  return in.children.size() > list_children_max && !in.children[0]->IsVolatile() &&
         std::all_of(in.children.begin() + 1, in.children.end(),
                     [](const auto& value) { return value->IsFoldable(); });
}

void keep_in_try(unique_ptr<Expression>& expr, bool is_in_try) {
  is_in_try = is_in_try || expr->GetExpressionType() == ExpressionType::OPERATOR_TRY;
  ExpressionIterator::EnumerateChildren(
      *expr, [&](unique_ptr<Expression>& child) { keep_in_try(child, is_in_try); });
  if (!is_in_try || !is_made_a_join(*expr)) return;
  const std::string alias = expr->GetAlias();
  expr = comparisons(expr->Cast<duckdb::BoundOperatorExpression>());
  expr->SetAlias(alias);
}

void keep_in_try(LogicalOperator& op) {
  duckdb::LogicalOperatorVisitor::EnumerateExpressions(
      op, [](unique_ptr<Expression>* expr) { keep_in_try(*expr, false); });
  for (auto& child : op.children) keep_in_try(*child);
}

// Whether the first row alone may pass: what cannot be told of a condition may be `= 1`.
bool may_ask_for_first(duckdb::ClientContext& context, const duckdb::LogicalFilter& filter) {
  if (filter.expressions.size() != 1) return true;
  const auto* comparison =
      dynamic_cast<const duckdb::BoundComparisonExpression*>(filter.expressions[0].get());
  // A row number is a BIGINT, and what it is compared with is cast to one.
  if (!comparison || !comparison->right->IsFoldable() ||
      comparison->right->return_type != duckdb::LogicalType::BIGINT)
    return true;
  duckdb::Value most;
  if (!duckdb::ExpressionExecutor::TryEvaluateScalar(context, *comparison->right, most) || most.IsNull())
    return true;
  return most.GetValue<int64_t>() <= 2;  // < 2, too
}

// `is_first`: what stands above may keep the first row only.
void keep_no_row_of_nulls(duckdb::ClientContext& context, LogicalOperator& op, bool is_first) {
  if (op.type == LogicalOperatorType::LOGICAL_WINDOW && is_first) {
    for (auto& expression : op.expressions) {
      auto* window = dynamic_cast<duckdb::BoundWindowExpression*>(expression.get());
      // The rule takes windows of one term only; the same term again changes no order.
      if (window && window->type == duckdb::ExpressionType::WINDOW_ROW_NUMBER && window->partitions.empty() &&
          window->orders.size() == 1)
        window->orders.push_back(window->orders[0].Copy());
    }
  }
  // The condition of a join becomes a filter of one side where it names only that one.
  const bool may_be_first = is_first || op.children.size() > 1 ||
                            (op.type == LogicalOperatorType::LOGICAL_FILTER &&
                             may_ask_for_first(context, op.Cast<duckdb::LogicalFilter>()));
  for (auto& child : op.children) keep_no_row_of_nulls(context, *child, may_be_first);
}

// What the engine keeps of a sum or an average of integers of 128 bits.
template <class Count>
struct WideSum {
  Count count;  // of a sum: whether there was a value
  duckdb::hugeint_t value;
};

template <class Count>
void merge_wide_sums(duckdb::Vector& from, duckdb::Vector& into, duckdb::AggregateInputData&,
                     duckdb::idx_t count) {
  const auto sources = duckdb::FlatVector::GetData<const WideSum<Count>*>(from);
  const auto targets = duckdb::FlatVector::GetData<WideSum<Count>*>(into);
  for (duckdb::idx_t i = 0; i < count; ++i) {
    targets[i]->count += sources[i]->count;
    targets[i]->value = duckdb::Hugeint::Add(targets[i]->value, sources[i]->value);
  }
}

void merge_with_care(duckdb::AggregateFunction& function) {
  if (function.arguments.size() != 1 || function.arguments[0].InternalType() != duckdb::PhysicalType::INT128)
    return;
  if (function.name == "sum" && function.state_size(function) == sizeof(WideSum<bool>))
    function.combine = merge_wide_sums<bool>;
  if (function.name == "avg" && function.state_size(function) == sizeof(WideSum<uint64_t>))
    function.combine = merge_wide_sums<uint64_t>;
}

void merge_with_care(LogicalOperator& op) {
  for (auto& expression : op.expressions) {
    if (auto* aggregate = dynamic_cast<duckdb::BoundAggregateExpression*>(expression.get()))
      merge_with_care(aggregate->function);
    auto* window = dynamic_cast<duckdb::BoundWindowExpression*>(expression.get());
    if (window && window->aggregate) merge_with_care(*window->aggregate);
  }
  for (auto& child : op.children) merge_with_care(*child);
}

}  // namespace

void add_plan_corrections(duckdb::DBConfig& config) {
  duckdb::OptimizerExtension extension;
  extension.pre_optimize_function = [](duckdb::OptimizerExtensionInput& input,
                                       unique_ptr<LogicalOperator>& plan) {
    keep_in_try(*plan);
    if (!is_planted("the first of nothing is a row")) keep_no_row_of_nulls(input.context, *plan, false);
    if (!is_planted("sums wrap where they are merged")) merge_with_care(*plan);
  };
  extension.optimize_function = [](duckdb::OptimizerExtensionInput&, unique_ptr<LogicalOperator>& plan) {
    correct(*plan);
  };
  duckdb::OptimizerExtension::Register(config, std::move(extension));
}

}  // namespace anabranch::sql
