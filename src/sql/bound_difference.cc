#include "sql/bound_difference.h"

#include <map>
#include <vector>

#include <fmt/format.h>

#include "duckdb/catalog/catalog_entry/table_catalog_entry.hpp"
#include "duckdb/planner/expression/list.hpp"
#include "duckdb/planner/expression_iterator.hpp"
#include "duckdb/planner/operator/list.hpp"

namespace anabranch::sql {
namespace {

using duckdb::Expression;
using duckdb::ExpressionClass;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;

// What the columns of an operator are: names that are equal where the columns are the same. Each side has its
// own list, because a scan gives columns in the order in which they were first asked for.
using Columns = std::vector<std::string>;
struct Sides {
  Columns a;
  Columns b;
  void append(const Sides& other) {
    a.insert(a.end(), other.a.begin(), other.a.end());
    b.insert(b.end(), other.b.begin(), other.b.end());
  }
};

// Thrown inside this file only, where the walk meets the first difference.
struct Difference {
  std::string what;
};

// One side's CTEs by their index.
using Ctes = std::map<duckdb::idx_t, const LogicalOperator*>;

template <typename T>
bool same_data(const duckdb::unique_ptr<T>& a, const duckdb::unique_ptr<T>& b) {
  return duckdb::FunctionData::Equals(a.get(), b.get());
}

class Comparison {
 public:
  Sides compare(const LogicalOperator& a_ref, const LogicalOperator& b_ref) {
    const LogicalOperator& a = definition(a_ref, a_ctes_);
    const LogicalOperator& b = definition(b_ref, b_ctes_);
    require(a.type == b.type && a.children.size() == b.children.size(), "the shape of the query");
    Sides in;
    std::vector<Sides> of_children;
    for (size_t i = 0; i < a.children.size(); ++i) {
      of_children.push_back(compare(*a.children[i], *b.children[i]));
      in.append(of_children.back());
    }
    compare_operator(a, b, in, of_children);
    return outputs(a, b, in);
  }

 private:
  static void require(bool is_same, const std::string& what) {
    if (!is_same) throw Difference{what};
  }

  // A CTE's operators stand where it is read.
  static const LogicalOperator& definition(const LogicalOperator& op, Ctes& ctes) {
    if (op.type == LogicalOperatorType::LOGICAL_MATERIALIZED_CTE) {
      ctes[op.Cast<duckdb::LogicalMaterializedCTE>().table_index] = op.children[0].get();
      return definition(*op.children[1], ctes);
    }
    if (op.type == LogicalOperatorType::LOGICAL_CTE_REF) {
      const auto found = ctes.find(op.Cast<duckdb::LogicalCTERef>().cte_index);
      require(found != ctes.end(), "a recursive query");
      return definition(*found->second, ctes);
    }
    return op;
  }

  void compare_operator(const LogicalOperator& a, const LogicalOperator& b, const Sides& in,
                        const std::vector<Sides>& of_children) {
    switch (a.type) {
      case LogicalOperatorType::LOGICAL_GET:
        return compare_get(a.Cast<duckdb::LogicalGet>(), b.Cast<duckdb::LogicalGet>());
      case LogicalOperatorType::LOGICAL_PROJECTION:
        return expressions(a.expressions, b.expressions, in, "an expression");
      case LogicalOperatorType::LOGICAL_FILTER:
        return expressions(a.expressions, b.expressions, in, "a condition");
      case LogicalOperatorType::LOGICAL_WINDOW:
        return expressions(a.expressions, b.expressions, in, "a window");
      case LogicalOperatorType::LOGICAL_UNNEST:
        return expressions(a.expressions, b.expressions, in, "unnest");
      case LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY: {
        const auto& x = a.Cast<duckdb::LogicalAggregate>();
        const auto& y = b.Cast<duckdb::LogicalAggregate>();
        const auto x_numbers = numbers_of(x, in.a);
        const auto y_numbers = numbers_of(y, in.b);
        compare_groups(x, x_numbers, y, y_numbers, in);
        expressions(x.expressions, y.expressions, in, "an aggregate");
        require(x.grouping_functions == y.grouping_functions, "GROUPING");
        return;
      }
      case LogicalOperatorType::LOGICAL_ORDER_BY:
        return orders(a.Cast<duckdb::LogicalOrder>().orders, b.Cast<duckdb::LogicalOrder>().orders, in);
      case LogicalOperatorType::LOGICAL_LIMIT: {
        const auto& x = a.Cast<duckdb::LogicalLimit>();
        const auto& y = b.Cast<duckdb::LogicalLimit>();
        limit(x.limit_val, y.limit_val);
        limit(x.offset_val, y.offset_val);
        return;
      }
      case LogicalOperatorType::LOGICAL_DISTINCT: {
        const auto& x = a.Cast<duckdb::LogicalDistinct>();
        const auto& y = b.Cast<duckdb::LogicalDistinct>();
        require(x.distinct_type == y.distinct_type && !x.order_by == !y.order_by, "DISTINCT");
        expressions(x.distinct_targets, y.distinct_targets, in, "DISTINCT");
        if (x.order_by) orders(x.order_by->orders, y.order_by->orders, in);
        return;
      }
      case LogicalOperatorType::LOGICAL_COMPARISON_JOIN:
      case LogicalOperatorType::LOGICAL_ASOF_JOIN: {
        const auto& x = a.Cast<duckdb::LogicalComparisonJoin>();
        const auto& y = b.Cast<duckdb::LogicalComparisonJoin>();
        require(x.join_type == y.join_type && x.conditions.size() == y.conditions.size() &&
                    !x.predicate == !y.predicate,
                "a join");
        for (size_t i = 0; i < x.conditions.size(); ++i) {
          require(x.conditions[i].comparison == y.conditions[i].comparison, "a join condition");
          expression(*x.conditions[i].left, *y.conditions[i].left, of_children[0], "a join condition");
          expression(*x.conditions[i].right, *y.conditions[i].right, of_children[1], "a join condition");
        }
        if (x.predicate) expression(*x.predicate, *y.predicate, in, "a join condition");
        return;
      }
      case LogicalOperatorType::LOGICAL_ANY_JOIN: {
        const auto& x = a.Cast<duckdb::LogicalAnyJoin>();
        const auto& y = b.Cast<duckdb::LogicalAnyJoin>();
        require(x.join_type == y.join_type, "a join");
        return expression(*x.condition, *y.condition, in, "a join condition");
      }
      case LogicalOperatorType::LOGICAL_CROSS_PRODUCT:
      case LogicalOperatorType::LOGICAL_POSITIONAL_JOIN:
      case LogicalOperatorType::LOGICAL_DUMMY_SCAN:
      case LogicalOperatorType::LOGICAL_EMPTY_RESULT:
        return;
      case LogicalOperatorType::LOGICAL_UNION:
      case LogicalOperatorType::LOGICAL_EXCEPT:
      case LogicalOperatorType::LOGICAL_INTERSECT: {
        const auto& x = a.Cast<duckdb::LogicalSetOperation>();
        const auto& y = b.Cast<duckdb::LogicalSetOperation>();
        require(x.setop_all == y.setop_all && x.column_count == y.column_count, "a set operation");
        return;
      }
      case LogicalOperatorType::LOGICAL_EXPRESSION_GET: {
        const auto& x = a.Cast<duckdb::LogicalExpressionGet>();
        const auto& y = b.Cast<duckdb::LogicalExpressionGet>();
        require(x.expressions.size() == y.expressions.size(), "VALUES");
        for (size_t i = 0; i < x.expressions.size(); ++i)
          expressions(x.expressions[i], y.expressions[i], in, "VALUES");
        return;
      }
      case LogicalOperatorType::LOGICAL_DELIM_GET: {
        require(
            a.Cast<duckdb::LogicalDelimGet>().chunk_types == b.Cast<duckdb::LogicalDelimGet>().chunk_types,
            "a correlated subquery");
        return;
      }
      case LogicalOperatorType::LOGICAL_DELIM_JOIN: {
        const auto& x = a.Cast<duckdb::LogicalComparisonJoin>();
        const auto& y = b.Cast<duckdb::LogicalComparisonJoin>();
        require(x.join_type == y.join_type && x.conditions.size() == y.conditions.size() && !x.predicate &&
                    !y.predicate && x.delim_flipped == y.delim_flipped,
                "a correlated subquery");
        for (size_t i = 0; i < x.conditions.size(); ++i) {
          require(x.conditions[i].comparison == y.conditions[i].comparison, "a correlated subquery");
          expression(*x.conditions[i].left, *y.conditions[i].left, of_children[0], "a correlated subquery");
          expression(*x.conditions[i].right, *y.conditions[i].right, of_children[1], "a correlated subquery");
        }
        expressions(x.duplicate_eliminated_columns, y.duplicate_eliminated_columns,
                    of_children[x.delim_flipped ? 1 : 0], "a correlated subquery");
        return;
      }
      default:
        throw Difference{"a part that cannot be compared (" + a.GetName() + ")"};
    }
  }

  // Whether two expressions of one side are the same value. What gives another value each time is not.
  bool is_same(const Expression& x, const Expression& y, const Columns& in) {
    if (x.IsVolatile() || y.IsVolatile()) return false;
    try {
      expression(x, y, {in, in}, "");
      return true;
    } catch (const Difference&) {
      return false;
    }
  }

  // The number of each expression among those that differ: what refers to one of two that are the same may as
  // well refer to the other, and the engine's binder takes now this one and now that.
  std::vector<size_t> numbers_of(const duckdb::vector<duckdb::unique_ptr<Expression>>& expressions,
                                 const Columns& in) {
    std::vector<size_t> numbers;
    size_t next = 0;
    for (size_t i = 0; i < expressions.size(); ++i) {
      size_t same = 0;
      while (same < i && !is_same(*expressions[i], *expressions[same], in)) ++same;
      numbers.push_back(same == i ? next++ : numbers[same]);
    }
    return numbers;
  }

  // With several grouping sets the same expression may be in one and not in another.
  std::vector<size_t> numbers_of(const duckdb::LogicalAggregate& aggregate, const Columns& in) {
    if (aggregate.grouping_sets.size() < 2) return numbers_of(aggregate.groups, in);
    std::vector<size_t> numbers;
    for (size_t i = 0; i < aggregate.groups.size(); ++i) numbers.push_back(i);
    return numbers;
  }

  // One set of all groups; where the binder makes them itself, for PIVOT, it does not say so.
  static bool is_plain(const duckdb::LogicalAggregate& aggregate) {
    const auto& sets = aggregate.grouping_sets;
    return !aggregate.groups.empty() &&
           (sets.empty() || (sets.size() == 1 && sets[0].size() == aggregate.groups.size()));
  }

  void compare_groups(const duckdb::LogicalAggregate& a, const std::vector<size_t>& a_numbers,
                      const duckdb::LogicalAggregate& b, const std::vector<size_t>& b_numbers,
                      const Sides& in) {
    const auto different = [](const std::vector<size_t>& numbers) {
      std::vector<size_t> first;  // of each number
      for (size_t i = 0; i < numbers.size(); ++i) {
        if (numbers[i] == first.size()) first.push_back(i);
      }
      return first;
    };
    const auto of_a = different(a_numbers);
    const auto of_b = different(b_numbers);
    require(of_a.size() == of_b.size(), "GROUP BY");
    for (size_t i = 0; i < of_a.size(); ++i)
      expression(*a.groups[of_a[i]], *b.groups[of_b[i]], in, "GROUP BY");
    if (is_plain(a) && is_plain(b)) return;
    require(a.grouping_sets.size() == b.grouping_sets.size(), "the grouping sets");
    if (a.grouping_sets.size() > 1) require(a.grouping_sets == b.grouping_sets, "the grouping sets");
  }

  Columns aggregate_columns(const duckdb::LogicalAggregate& aggregate, size_t number, const Columns& in) {
    Columns all;
    for (const size_t group : numbers_of(aggregate, in)) all.push_back(fmt::format("{}.g{}", number, group));
    for (size_t i = 0; i < aggregate.expressions.size(); ++i) all.push_back(fmt::format("{}.a{}", number, i));
    for (size_t i = 0; i < aggregate.grouping_functions.size(); ++i)
      all.push_back(fmt::format("{}.f{}", number, i));
    return all;
  }

  // A relation counts the same with its hidden columns ("bronze.e") and without ("bronze.e!").
  static std::string table_name(const duckdb::LogicalGet& get) {
    const auto table = get.GetTable();
    if (!table) return "";
    std::string name = table->name;
    if (name.ends_with('!')) name.pop_back();
    return table->schema.name + "." + name;
  }

  static void compare_get(const duckdb::LogicalGet& a, const duckdb::LogicalGet& b) {
    require(a.function.name == b.function.name && table_name(a) == table_name(b), "a table");
    require(a.parameters.size() == b.parameters.size() &&
                a.named_parameters.size() == b.named_parameters.size() &&
                a.ordinality_idx.IsValid() == b.ordinality_idx.IsValid(),
            "the arguments of a table function");
    for (size_t i = 0; i < a.parameters.size(); ++i) {
      require(duckdb::Value::NotDistinctFrom(a.parameters[i], b.parameters[i]),
              "the arguments of a table function");
    }
  }

  Sides outputs(const LogicalOperator& a, const LogicalOperator& b, const Sides& in) {
    const size_t number = next_operator_++;
    if (a.type == LogicalOperatorType::LOGICAL_GET) {
      return {get_columns(a.Cast<duckdb::LogicalGet>(), number),
              get_columns(b.Cast<duckdb::LogicalGet>(), number)};
    }
    if (a.type == LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY) {
      return {aggregate_columns(a.Cast<duckdb::LogicalAggregate>(), number, in.a),
              aggregate_columns(b.Cast<duckdb::LogicalAggregate>(), number, in.b)};
    }
    if (a.type == LogicalOperatorType::LOGICAL_PROJECTION) {
      return {projected_columns(a, number, in.a), projected_columns(b, number, in.b)};
    }
    switch (a.type) {
      case LogicalOperatorType::LOGICAL_FILTER:
      case LogicalOperatorType::LOGICAL_ORDER_BY:
      case LogicalOperatorType::LOGICAL_LIMIT:
      case LogicalOperatorType::LOGICAL_DISTINCT:
      case LogicalOperatorType::LOGICAL_WINDOW:
      case LogicalOperatorType::LOGICAL_UNNEST:
      case LogicalOperatorType::LOGICAL_COMPARISON_JOIN:
      case LogicalOperatorType::LOGICAL_ASOF_JOIN:
      case LogicalOperatorType::LOGICAL_ANY_JOIN:
      case LogicalOperatorType::LOGICAL_DELIM_JOIN:
      case LogicalOperatorType::LOGICAL_CROSS_PRODUCT:
      case LogicalOperatorType::LOGICAL_POSITIONAL_JOIN:
        return {columns_after(a, in.a, number), columns_after(b, in.b, number)};
      default:
        return {columns_after(a, {}, number), columns_after(b, {}, number)};
    }
  }

  Columns projected_columns(const LogicalOperator& op, size_t number, const Columns& in) {
    Columns all;
    for (const size_t column : numbers_of(op.expressions, in))
      all.push_back(fmt::format("{}.{}", number, column));
    return all;
  }

  // Those that come in, as far as they go on, then its own.
  static Columns columns_after(const LogicalOperator& op, const Columns& in, size_t number) {
    auto& asked = const_cast<LogicalOperator&>(op);  // NOLINT: asking for bindings changes nothing
    const size_t count = asked.GetColumnBindings().size();
    Columns out;
    for (size_t i = 0; i < count; ++i)
      out.push_back(i < in.size() ? in[i] : fmt::format("{}.{}", number, i - in.size()));
    return out;
  }

  static Columns get_columns(const duckdb::LogicalGet& get, size_t number) {
    Columns all;
    for (const auto& id : get.GetColumnIds()) {
      all.push_back(id.IsVirtualColumn() ? fmt::format("{}#", number)
                                         : fmt::format("{}.{}", number, get.GetColumnName(id)));
    }
    if (get.ordinality_idx.IsValid()) all.push_back(fmt::format("{}.ordinality", number));
    return all;
  }

  void limit(const duckdb::BoundLimitNode& a, const duckdb::BoundLimitNode& b) {
    require(a.Type() == b.Type(), "LIMIT");
    if (a.Type() == duckdb::LimitNodeType::CONSTANT_VALUE)
      require(a.GetConstantValue() == b.GetConstantValue(), "LIMIT");
    else
      require(a.Type() == duckdb::LimitNodeType::UNSET, "LIMIT");
  }

  void orders(const duckdb::vector<duckdb::BoundOrderByNode>& a,
              const duckdb::vector<duckdb::BoundOrderByNode>& b, const Sides& in) {
    require(a.size() == b.size(), "ORDER BY");
    for (size_t i = 0; i < a.size(); ++i) {
      require(a[i].type == b[i].type && a[i].null_order == b[i].null_order, "ORDER BY");
      expression(*a[i].expression, *b[i].expression, in, "ORDER BY");
    }
  }

  void expressions(const duckdb::vector<duckdb::unique_ptr<Expression>>& a,
                   const duckdb::vector<duckdb::unique_ptr<Expression>>& b, const Sides& in,
                   const std::string& what) {
    require(a.size() == b.size(), what);
    for (size_t i = 0; i < a.size(); ++i) expression(*a[i], *b[i], in, what);
  }

  // A constant, or a list of constants that is written as one.
  static std::optional<duckdb::Value> constant_of(const Expression& expr) {
    if (expr.GetExpressionClass() == ExpressionClass::BOUND_CONSTANT)
      return expr.Cast<duckdb::BoundConstantExpression>().value;
    if (expr.GetExpressionClass() != ExpressionClass::BOUND_FUNCTION) return std::nullopt;
    const auto& function = expr.Cast<duckdb::BoundFunctionExpression>();
    if (function.function.name != "list_value" || expr.return_type.id() != duckdb::LogicalTypeId::LIST)
      return std::nullopt;
    duckdb::vector<duckdb::Value> values;
    for (const auto& child : function.children) {
      auto value = constant_of(*child);
      if (!value || child->return_type != duckdb::ListType::GetChildType(expr.return_type))
        return std::nullopt;
      values.push_back(std::move(*value));
    }
    return duckdb::Value::LIST(duckdb::ListType::GetChildType(expr.return_type), std::move(values));
  }

  void expression(const Expression& a, const Expression& b, const Sides& in, const std::string& what) {
    if (a.GetExpressionClass() != b.GetExpressionClass() && a.return_type == b.return_type) {
      const auto x = constant_of(a);
      const auto y = constant_of(b);
      require(x && y && duckdb::Value::NotDistinctFrom(*x, *y), what);
      return;
    }
    require(a.GetExpressionClass() == b.GetExpressionClass() &&
                a.GetExpressionType() == b.GetExpressionType() && a.return_type == b.return_type,
            what);
    switch (a.GetExpressionClass()) {
      case ExpressionClass::BOUND_REF: {
        const auto x = a.Cast<duckdb::BoundReferenceExpression>().index;
        const auto y = b.Cast<duckdb::BoundReferenceExpression>().index;
        // Columns that a correlated subquery hands through are known by their place only.
        const bool is_known = x < in.a.size() && y < in.b.size();
        require(is_known ? in.a[x] == in.b[y] : x == y && x >= in.a.size() && y >= in.b.size(), what);
        return;
      }
      case ExpressionClass::BOUND_CONSTANT: {
        const auto& x = a.Cast<duckdb::BoundConstantExpression>().value;
        const auto& y = b.Cast<duckdb::BoundConstantExpression>().value;
        require(duckdb::Value::NotDistinctFrom(x, y), what);
        return;
      }
      case ExpressionClass::BOUND_CAST:
        require(
            a.Cast<duckdb::BoundCastExpression>().try_cast == b.Cast<duckdb::BoundCastExpression>().try_cast,
            what);
        break;
      case ExpressionClass::BOUND_FUNCTION: {
        const auto& x = a.Cast<duckdb::BoundFunctionExpression>();
        const auto& y = b.Cast<duckdb::BoundFunctionExpression>();
        require(x.function.name == y.function.name && same_data(x.bind_info, y.bind_info), what);
        break;
      }
      case ExpressionClass::BOUND_AGGREGATE: {
        const auto& x = a.Cast<duckdb::BoundAggregateExpression>();
        const auto& y = b.Cast<duckdb::BoundAggregateExpression>();
        require(x.function.name == y.function.name && x.aggr_type == y.aggr_type && !x.filter == !y.filter &&
                    !x.order_bys == !y.order_bys && same_data(x.bind_info, y.bind_info),
                what);
        if (x.filter) expression(*x.filter, *y.filter, in, what);
        if (x.order_bys) orders(x.order_bys->orders, y.order_bys->orders, in);
        return expressions(x.children, y.children, in, what);
      }
      case ExpressionClass::BOUND_WINDOW: {
        const auto& x = a.Cast<duckdb::BoundWindowExpression>();
        const auto& y = b.Cast<duckdb::BoundWindowExpression>();
        const bool same_function = !x.aggregate == !y.aggregate &&
                                   (!x.aggregate || x.aggregate->name == y.aggregate->name) &&
                                   same_data(x.bind_info, y.bind_info);
        require(same_function && x.ignore_nulls == y.ignore_nulls && x.distinct == y.distinct &&
                    x.start == y.start && x.end == y.end && x.exclude_clause == y.exclude_clause &&
                    !x.filter_expr == !y.filter_expr,
                what);
        expressions(x.children, y.children, in, what);
        expressions(x.partitions, y.partitions, in, what);
        orders(x.orders, y.orders, in);
        orders(x.arg_orders, y.arg_orders, in);
        for (const auto member :
             {&duckdb::BoundWindowExpression::filter_expr, &duckdb::BoundWindowExpression::start_expr,
              &duckdb::BoundWindowExpression::end_expr, &duckdb::BoundWindowExpression::offset_expr,
              &duckdb::BoundWindowExpression::default_expr}) {
          require(!(x.*member) == !(y.*member), what);
          if (x.*member) expression(*(x.*member), *(y.*member), in, what);
        }
        return;
      }
      case ExpressionClass::BOUND_BETWEEN: {
        const auto& x = a.Cast<duckdb::BoundBetweenExpression>();
        const auto& y = b.Cast<duckdb::BoundBetweenExpression>();
        require(x.lower_inclusive == y.lower_inclusive && x.upper_inclusive == y.upper_inclusive, what);
        break;
      }
      case ExpressionClass::BOUND_CASE:
      case ExpressionClass::BOUND_COMPARISON:
      case ExpressionClass::BOUND_CONJUNCTION:
      case ExpressionClass::BOUND_OPERATOR:
      case ExpressionClass::BOUND_UNNEST:
        break;
      default:
        require(a.Equals(b), what);
        return;
    }
    std::vector<const Expression*> of_a;
    std::vector<const Expression*> of_b;
    duckdb::ExpressionIterator::EnumerateChildren(a,
                                                  [&](const Expression& child) { of_a.push_back(&child); });
    duckdb::ExpressionIterator::EnumerateChildren(b,
                                                  [&](const Expression& child) { of_b.push_back(&child); });
    require(of_a.size() == of_b.size(), what);
    for (size_t i = 0; i < of_a.size(); ++i) expression(*of_a[i], *of_b[i], in, what);
  }

  Ctes a_ctes_;
  Ctes b_ctes_;
  size_t next_operator_ = 0;
};

}  // namespace

std::optional<std::string> bound_difference(const LogicalOperator& a, const LogicalOperator& b) {
  try {
    (void)Comparison().compare(a, b);
    return std::nullopt;
  } catch (const Difference& difference) {
    return difference.what;
  }
}

}  // namespace anabranch::sql
