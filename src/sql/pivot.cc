#include "sql/pivot.h"

#include <set>
#include <string>
#include <vector>

#include "base/join.h"
#include "duckdb/parser/expression/list.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/query_node/list.hpp"
#include "duckdb/parser/tableref/list.hpp"
#include "duckdb/parser/tableref/pivotref.hpp"
#include "sql/syntax.h"
#include "sql/tree_conversion.h"

namespace anabranch::sql {
namespace {

using duckdb::ExpressionClass;
using duckdb::make_uniq;
using duckdb::ParsedExpression;

using Expression = duckdb::unique_ptr<ParsedExpression>;

// Up to here the engine compares each value; above, texts in which NULL is 'NULL' and several values are one.
constexpr size_t compared_columns_max = 20;

// A value of an IN list; NULL where the text is nothing.
struct PivotValue {
  Expression value;
  std::string name;
};

// What one column of the result is of: a condition and a name.
struct PivotColumn {
  std::vector<PivotValue> values;
  std::string name;
};

class Pivot {
 public:
  explicit Pivot(duckdb::PivotRef& ref) : ref_(ref), position_(position_of(ref.query_location)) {}

  duckdb::unique_ptr<duckdb::SubqueryRef> subquery() {
    for (const auto& aggregate : ref_.aggregates) handle_columns(*aggregate);
    std::vector<PivotColumn> columns(1);
    for (auto& pivot : ref_.pivots) columns = crossed(columns, pivot);
    check(columns);
    auto select = make_uniq<duckdb::SelectNode>();
    select->from_table = std::move(ref_.source);
    add_groups(*select);
    for (const PivotColumn& column : columns) {
      for (const auto& aggregate : ref_.aggregates) add_column(*select, column, *aggregate);
    }
    auto statement = make_uniq<duckdb::SelectStatement>();
    statement->node = std::move(select);
    auto out = make_uniq<duckdb::SubqueryRef>(std::move(statement), ref_.alias);
    out->column_name_alias = ref_.column_name_alias;
    out->query_location = ref_.query_location;
    return out;
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const { throw NotTaken{what, position_}; }

  // Columns that are pivoted or aggregated are no groups.
  void handle_columns(const ParsedExpression& expr) {
    if (expr.GetExpressionClass() == ExpressionClass::COLUMN_REF) {
      const auto& column = expr.Cast<duckdb::ColumnRefExpression>();
      if (column.IsQualified()) refuse("PIVOT by a qualified column");
      handled_.insert(lower(column.GetColumnName()));
      return;
    }
    const auto kind = expr.GetExpressionClass();
    if (kind == ExpressionClass::SUBQUERY || kind == ExpressionClass::WINDOW ||
        kind == ExpressionClass::LAMBDA || kind == ExpressionClass::STAR)
      refuse("PIVOT with a subquery, a window, a lambda or a star");
    duckdb::ParsedExpressionIterator::EnumerateChildren(
        expr, [&](const ParsedExpression& child) { handle_columns(child); });
  }

  // Every column so far with every entry of the next IN list.
  std::vector<PivotColumn> crossed(const std::vector<PivotColumn>& columns, duckdb::PivotColumn& pivot) {
    if (pivot.subquery || !pivot.pivot_enum.empty() || pivot.entries.empty())
      refuse("PIVOT without the values of its columns, ON … IN (…),");
    for (const auto& expr : pivot.pivot_expressions) handle_columns(*expr);
    std::set<std::string> known;
    std::vector<PivotColumn> out;
    std::vector<PivotColumn> entries;
    for (auto& entry : pivot.entries) {
      PivotColumn column;
      if (entry.expr) {
        add_values(*entry.expr, column.values, entry.alias.empty());
      } else {
        for (const auto& value : entry.values) add_value(value, column.values);
      }
      if (column.values.size() != pivot.pivot_expressions.size())
        refuse("PIVOT with IN lists of different lengths");
      std::string text;
      for (const PivotValue& value : column.values) {
        append_item(column.name, value.name, "_");
        text += value.value->ToString() + "\n";
      }
      if (!known.insert(text).second) refuse("PIVOT with a value that is there twice");
      if (!entry.alias.empty()) column.name = entry.alias;
      entries.push_back(std::move(column));
    }
    for (const PivotColumn& before : columns) {
      for (const PivotColumn& entry : entries) {
        PivotColumn both;
        for (const auto* half : {&before, &entry}) {
          for (const PivotValue& value : half->values)
            both.values.push_back({value.value->Copy(), value.name});
        }
        both.name = before.values.empty() ? entry.name : before.name + "_" + entry.name;
        out.push_back(std::move(both));
      }
    }
    return out;
  }

  static void add_value(const duckdb::Value& value, std::vector<PivotValue>& values) {
    const auto text = value.IsNull() ? duckdb::Value() : value.DefaultCastAs(duckdb::LogicalType::VARCHAR);
    values.push_back({make_uniq<duckdb::ConstantExpression>(text), value.ToString()});
  }

  // A bare word in an IN list is a text.
  void add_values(const ParsedExpression& expr, std::vector<PivotValue>& values, bool needs_name) const {
    switch (expr.GetExpressionClass()) {
      case ExpressionClass::CONSTANT:
        return add_value(expr.Cast<duckdb::ConstantExpression>().value, values);
      case ExpressionClass::COLUMN_REF: {
        const auto& column = expr.Cast<duckdb::ColumnRefExpression>();
        if (column.IsQualified()) refuse("PIVOT with a qualified name among its values");
        return add_value(duckdb::Value(column.GetColumnName()), values);
      }
      case ExpressionClass::FUNCTION:
        if (expr.Cast<duckdb::FunctionExpression>().function_name != "row") break;
        duckdb::ParsedExpressionIterator::EnumerateChildren(
            expr, [&](const ParsedExpression& child) { add_values(child, values, needs_name); });
        return;
      default:
        break;
    }
    // Only the engine knows its text, so the column's name cannot come from it.
    if (needs_name)
      refuse("PIVOT with a value that is computed and has no name (IN (DATE '2020-01-01' AS d))");
    values.push_back({make_uniq<duckdb::CastExpression>(duckdb::LogicalType::VARCHAR, expr.Copy()), ""});
  }

  void check(const std::vector<PivotColumn>& columns) const {
    if (columns.size() <= compared_columns_max) return;
    for (const PivotColumn& column : columns) {
      if (column.values.size() > 1) refuse("PIVOT by several values with more than 20 columns");
      const std::string text = column.values[0].value->ToString();
      if (text == "NULL" || text == "'NULL'") refuse("PIVOT by NULL with more than 20 columns");
    }
  }

  void add_groups(duckdb::SelectNode& select) const {
    if (ref_.groups.empty()) {
      auto all = make_uniq<duckdb::StarExpression>();
      for (const std::string& name : handled_) all->exclude_list.insert(duckdb::QualifiedColumnName(name));
      select.select_list.push_back(std::move(all));
      select.aggregate_handling = duckdb::AggregateHandling::FORCE_AGGREGATES;
      return;
    }
    duckdb::GroupingSet set;
    for (const std::string& name : ref_.groups) {
      set.insert(select.select_list.size());
      select.select_list.push_back(make_uniq<duckdb::ColumnRefExpression>(name));
      select.groups.group_expressions.push_back(make_uniq<duckdb::ConstantExpression>(
          duckdb::Value::INTEGER(static_cast<int32_t>(select.select_list.size()))));
    }
    select.groups.grouping_sets.push_back(std::move(set));
  }

  Expression condition(const PivotColumn& column) const {
    Expression all;
    size_t next = 0;
    for (const auto& pivot : ref_.pivots) {
      for (const auto& expr : pivot.pivot_expressions) {
        auto text = make_uniq<duckdb::CastExpression>(duckdb::LogicalType::VARCHAR, expr->Copy());
        Expression same =
            make_uniq<duckdb::ComparisonExpression>(duckdb::ExpressionType::COMPARE_NOT_DISTINCT_FROM,
                                                    std::move(text), column.values.at(next++).value->Copy());
        all = !all ? std::move(same)
                   : make_uniq<duckdb::ConjunctionExpression>(duckdb::ExpressionType::CONJUNCTION_AND,
                                                              std::move(all), std::move(same));
      }
    }
    return all;
  }

  void add_column(duckdb::SelectNode& select, const PivotColumn& column,
                  const ParsedExpression& aggregate) const {
    auto copy = aggregate.Copy();
    size_t found = 0;
    add_filter(*copy, column, found);
    if (found != 1) refuse("PIVOT by something other than one aggregate");
    std::string name = column.name;
    const std::string given = aggregate.GetAlias();
    if (ref_.aggregates.size() > 1 || !given.empty())
      name += "_" + (given.empty() ? aggregate.GetName() : given);
    copy->SetAlias(name);
    select.select_list.push_back(std::move(copy));
  }

  // The first function below arithmetic, casts and the like; the engine says whether it is an aggregate.
  void add_filter(ParsedExpression& expr, const PivotColumn& column, size_t& found) const {
    static const std::set<std::string, std::less<>> around = {
        "round", "abs", "floor", "ceil", "trunc", "ifnull", "nullif", "list_sort", "list_reverse_sort"};
    if (expr.GetExpressionClass() == ExpressionClass::FUNCTION) {
      auto& function = expr.Cast<duckdb::FunctionExpression>();
      if (!function.is_operator && !around.contains(function.function_name)) {
        if (function.filter) refuse("PIVOT by an aggregate with FILTER");
        function.filter = condition(column);
        ++found;
        return;
      }
    }
    duckdb::ParsedExpressionIterator::EnumerateChildren(
        expr, [&](Expression& child) { add_filter(*child, column, found); });
  }

  duckdb::PivotRef& ref_;
  const Position position_;
  std::set<std::string> handled_;  // lower case
};

void replace(Expression& expr) {
  if (expr->GetExpressionClass() == ExpressionClass::SUBQUERY)
    replace_pivots(*expr->Cast<duckdb::SubqueryExpression>().subquery->node);
  duckdb::ParsedExpressionIterator::EnumerateChildren(*expr, [](Expression& child) { replace(child); });
}

void replace(duckdb::unique_ptr<duckdb::TableRef>& table) {
  if (!table) return;
  const Deeper deeper(position_of(table->query_location));
  switch (table->type) {
    case duckdb::TableReferenceType::JOIN: {
      auto& join = table->Cast<duckdb::JoinRef>();
      replace(join.left);
      replace(join.right);
      if (join.condition) replace(join.condition);
      return;
    }
    case duckdb::TableReferenceType::SUBQUERY:
      return replace_pivots(*table->Cast<duckdb::SubqueryRef>().subquery->node);
    case duckdb::TableReferenceType::PIVOT: {
      auto& pivot = table->Cast<duckdb::PivotRef>();
      if (pivot.sample) throw NotTaken{"SAMPLE", position_of(table->query_location)};
      replace(pivot.source);
      if (!pivot.unpivot_names.empty() && pivot.groups.empty()) return;
      auto subquery = Pivot(pivot).subquery();
      table = std::move(subquery);
      return;
    }
    default:
      return;
  }
}

}  // namespace

void replace_pivots(duckdb::QueryNode& node) {
  const Deeper deeper(-1);
  for (auto& entry : node.cte_map.map) replace_pivots(*entry.second->query->node);
  if (node.type == duckdb::QueryNodeType::SET_OPERATION_NODE) {
    for (auto& child : node.Cast<duckdb::SetOperationNode>().children) replace_pivots(*child);
  }
  duckdb::ParsedExpressionIterator::EnumerateQueryNodeModifiers(node,
                                                                [](Expression& child) { replace(child); });
  if (node.type != duckdb::QueryNodeType::SELECT_NODE) return;
  auto& select = node.Cast<duckdb::SelectNode>();
  for (auto* list : {&select.select_list, &select.groups.group_expressions}) {
    for (auto& expr : *list) replace(expr);
  }
  for (auto* clause : {&select.where_clause, &select.having, &select.qualify}) {
    if (*clause) replace(*clause);
  }
  replace(select.from_table);
}

}  // namespace anabranch::sql
