#include "sql/normal_form.h"

#include <vector>

#include <fmt/format.h>

#include "duckdb/parser/expression/list.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/parser/query_node/list.hpp"
#include "duckdb/parser/tableref/list.hpp"
#include "duckdb/parser/tableref/pivotref.hpp"

namespace anabranch::sql {

using duckdb::ExpressionClass;
using duckdb::ParsedExpression;

duckdb::LogicalType named_type(const duckdb::LogicalType& type) {
  if (type.id() == duckdb::LogicalTypeId::UNBOUND) return type;
  const auto list = duckdb::Parser::ParseExpressionList(fmt::format("CAST(0 AS {})", type.ToString()));
  return list.at(0)->Cast<duckdb::CastExpression>().cast_type;
}

namespace {

void normalise_expr(duckdb::unique_ptr<ParsedExpression>& expr);
void normalise_orders(duckdb::vector<duckdb::OrderByNode>& orders);

void normalise_node(ParsedExpression& expr) {
  if (expr.GetExpressionClass() == ExpressionClass::CAST) {
    auto& cast = expr.Cast<duckdb::CastExpression>();
    cast.cast_type = named_type(cast.cast_type);
  }
  if (expr.GetExpressionClass() == ExpressionClass::WINDOW) {
    auto& window = expr.Cast<duckdb::WindowExpression>();
    normalise_orders(window.orders);
    normalise_orders(window.arg_orders);
  }
  if (expr.GetExpressionClass() == ExpressionClass::FUNCTION) {
    auto& function = expr.Cast<duckdb::FunctionExpression>();
    if (function.order_bys) normalise_orders(function.order_bys->orders);
  }
  if (expr.GetExpressionClass() == ExpressionClass::SUBQUERY)
    normalise(*expr.Cast<duckdb::SubqueryExpression>().subquery->node);
  duckdb::ParsedExpressionIterator::EnumerateChildren(
      expr, [](duckdb::unique_ptr<ParsedExpression>& child) { normalise_expr(child); });
}

// IS TRUE has a constant where the word TRUE is read as a cast.
void normalise_expr(duckdb::unique_ptr<ParsedExpression>& expr) {
  const bool is_boolean =
      expr->GetExpressionClass() == ExpressionClass::CONSTANT &&
      expr->Cast<duckdb::ConstantExpression>().value.type() == duckdb::LogicalType::BOOLEAN;
  if (!is_boolean) return normalise_node(*expr);
  const auto alias = expr->GetAlias();
  expr = std::move(duckdb::Parser::ParseExpressionList(expr->ToString()).at(0));
  expr->SetAlias(alias);
}

// ASC is what no direction means.
void normalise_orders(duckdb::vector<duckdb::OrderByNode>& orders) {
  for (auto& order : orders) {
    if (order.type == duckdb::OrderType::ASCENDING) order.type = duckdb::OrderType::ORDER_DEFAULT;
  }
}

// Group expressions in the order in which the sets name them, as the parser reads GROUPING SETS. It makes
// another order of CUBE and ROLLUP.
void order_groups(duckdb::GroupByNode& groups) {
  if (groups.grouping_sets.size() < 2) return;
  std::vector<size_t> new_index(groups.group_expressions.size(), SIZE_MAX);
  duckdb::vector<duckdb::unique_ptr<ParsedExpression>> ordered;
  for (const auto& set : groups.grouping_sets) {
    for (const auto index : set) {
      if (new_index[index] != SIZE_MAX) continue;
      new_index[index] = ordered.size();
      ordered.push_back(groups.group_expressions[index]->Copy());
    }
  }
  if (ordered.size() != groups.group_expressions.size()) return;
  for (auto& set : groups.grouping_sets) {
    duckdb::GroupingSet renumbered;
    for (const auto index : set) renumbered.insert(new_index[index]);
    set = std::move(renumbered);
  }
  groups.group_expressions = std::move(ordered);
}

// To the engine two UNPIVOT are equal whatever their entries are, and whatever aliases their columns have; so
// both stand once more where it looks.
void normalise_unpivot(duckdb::PivotRef& ref) {
  if (ref.unpivot_names.empty()) return;
  for (auto& pivot : ref.pivots) {
    pivot.pivot_expressions.clear();
    for (auto& entry : pivot.entries) {
      if (!entry.expr) continue;
      normalise_expr(entry.expr);
      pivot.pivot_expressions.push_back(entry.expr->Copy());
    }
  }
  ref.groups = ref.column_name_alias;
}

}  // namespace

void normalise(duckdb::QueryNode& node) {
  if (node.type == duckdb::QueryNodeType::SELECT_NODE) order_groups(node.Cast<duckdb::SelectNode>().groups);
  for (auto& entry : node.cte_map.map) normalise(*entry.second->query->node);
  for (auto& modifier : node.modifiers) {
    if (modifier->type == duckdb::ResultModifierType::ORDER_MODIFIER)
      normalise_orders(modifier->Cast<duckdb::OrderModifier>().orders);
  }
  if (node.type == duckdb::QueryNodeType::SET_OPERATION_NODE) {
    for (auto& child : node.Cast<duckdb::SetOperationNode>().children) normalise(*child);
  }
  duckdb::ParsedExpressionIterator::EnumerateQueryNodeModifiers(
      node, [](duckdb::unique_ptr<ParsedExpression>& child) { normalise_expr(child); });
  if (node.type != duckdb::QueryNodeType::SELECT_NODE) return;
  duckdb::ParsedExpressionIterator::EnumerateQueryNodeChildren(
      node, [](duckdb::unique_ptr<ParsedExpression>& child) { normalise_expr(child); },
      [](duckdb::TableRef& table) {
        if (table.type == duckdb::TableReferenceType::SUBQUERY)
          normalise(*table.Cast<duckdb::SubqueryRef>().subquery->node);
        if (table.type == duckdb::TableReferenceType::PIVOT)
          normalise_unpivot(table.Cast<duckdb::PivotRef>());
      });
}

bool is_same_statement(const std::string& text, const duckdb::SelectStatement& written) {
  duckdb::Parser parser;
  parser.ParseQuery(text);
  if (parser.statements.size() != 1 || parser.statements[0]->type != duckdb::StatementType::SELECT_STATEMENT)
    return false;
  auto& reread = parser.statements[0]->Cast<duckdb::SelectStatement>();
  normalise(*reread.node);
  return written.Equals(reread);
}

}  // namespace anabranch::sql
