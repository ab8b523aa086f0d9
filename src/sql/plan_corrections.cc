#include "sql/plan_corrections.h"

#include <algorithm>
#include <string>
#include <utility>

#include "duckdb/main/config.hpp"
#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/planner/expression/bound_comparison_expression.hpp"
#include "duckdb/planner/expression/bound_conjunction_expression.hpp"
#include "duckdb/planner/expression/bound_operator_expression.hpp"
#include "duckdb/planner/expression_iterator.hpp"
#include "duckdb/planner/filter/conjunction_filter.hpp"
#include "duckdb/planner/filter/dynamic_filter.hpp"
#include "duckdb/planner/filter/optional_filter.hpp"
#include "duckdb/planner/logical_operator_visitor.hpp"
#include "duckdb/planner/operator/logical_get.hpp"
#include "duckdb/planner/operator/logical_top_n.hpp"

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

}  // namespace

void add_plan_corrections(duckdb::DBConfig& config) {
  duckdb::OptimizerExtension extension;
  extension.pre_optimize_function = [](duckdb::OptimizerExtensionInput&, unique_ptr<LogicalOperator>& plan) {
    keep_in_try(*plan);
  };
  extension.optimize_function = [](duckdb::OptimizerExtensionInput&, unique_ptr<LogicalOperator>& plan) {
    correct(*plan);
  };
  duckdb::OptimizerExtension::Register(config, std::move(extension));
}

}  // namespace anabranch::sql
