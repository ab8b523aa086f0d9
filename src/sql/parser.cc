#include "sql/parser.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "duckdb.hpp"
#include "duckdb/parser/expression/list.hpp"
#include "duckdb/parser/parsed_data/sample_options.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/parser/query_node/list.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/list.hpp"
#include "sql/engine_error.h"

namespace anabranch::sql {
namespace {

using duckdb::ExpressionClass;
using duckdb::ParsedExpression;

constexpr std::string_view show_statement = "SHOW";

// Thrown inside this file only, where the walk meets something that the platform does not take.
struct NotTaken {
  std::string what;
  Position position;
};

Position position_of(const duckdb::optional_idx& location) {
  return location.IsValid() ? static_cast<Position>(location.GetIndex()) : -1;
}
Position position_of(const ParsedExpression& expr) { return position_of(expr.GetQueryLocation()); }

Select convert(const duckdb::QueryNode& node);
Expr convert(const ParsedExpression& expr);

std::vector<Expr> convert_all(const duckdb::vector<duckdb::unique_ptr<ParsedExpression>>& list) {
  std::vector<Expr> all;
  all.reserve(list.size());
  for (const auto& item : list) all.push_back(convert(*item));
  return all;
}

OrderItem convert(const duckdb::OrderByNode& node) {
  OrderItem item;
  item.expr = convert(*node.expression);
  item.is_descending = node.type == duckdb::OrderType::DESCENDING;
  if (node.null_order == duckdb::OrderByNullType::NULLS_FIRST) item.nulls = OrderItem::Nulls::first;
  if (node.null_order == duckdb::OrderByNullType::NULLS_LAST) item.nulls = OrderItem::Nulls::last;
  return item;
}

std::vector<OrderItem> convert_order(const duckdb::vector<duckdb::OrderByNode>& orders) {
  std::vector<OrderItem> items;
  for (const auto& order : orders) items.push_back(convert(order));
  return items;
}

// The engine's word for a comparison: "=", "IS NOT DISTINCT FROM".
std::string operator_word(duckdb::ExpressionType type) { return duckdb::ExpressionTypeToOperator(type); }

// The parser makes some casts of its own (INTERVAL 3 DAY), whose types are bound already; those that it reads
// are names. Both mean the same.
duckdb::LogicalType named_type(const duckdb::LogicalType& type) {
  if (type.id() == duckdb::LogicalTypeId::UNBOUND) return type;
  const auto list = duckdb::Parser::ParseExpressionList(fmt::format("CAST(0 AS {})", type.ToString()));
  return list.at(0)->Cast<duckdb::CastExpression>().cast_type;
}

// A type as it was written. Its parameters may be expressions, of which only constants are taken.
std::string type_text(const duckdb::LogicalType& written, Position position) {
  const duckdb::LogicalType type = named_type(written);
  const std::function<void(const ParsedExpression&)> check = [&](const ParsedExpression& expr) {
    if (expr.GetExpressionClass() == ExpressionClass::CONSTANT) return;
    if (expr.GetExpressionClass() != ExpressionClass::TYPE) throw NotTaken{"this type", position};
    const auto& named = expr.Cast<duckdb::TypeExpression>();
    if (!named.GetCatalog().empty() || !named.GetSchema().empty())
      throw NotTaken{"a type of a schema", position};
    for (const auto& child : named.GetChildren()) check(*child);
  };
  if (type.id() == duckdb::LogicalTypeId::UNBOUND) check(*duckdb::UnboundType::GetTypeExpression(type));
  return type.ToString();
}

Expr other(std::string name, std::string text = "") {
  Expr out;
  out.kind = Expr::Kind::other;
  out.name = std::move(name);
  out.text = std::move(text);
  return out;
}

Expr convert_operator(const duckdb::OperatorExpression& expr) {
  using Type = duckdb::ExpressionType;
  Expr out = other("");
  switch (expr.GetExpressionType()) {
    case Type::OPERATOR_NOT:
      out.name = "not";
      break;
    case Type::OPERATOR_IS_NULL:
      out.name = "is_null";
      break;
    case Type::OPERATOR_IS_NOT_NULL:
      out.name = "is_not_null";
      break;
    case Type::OPERATOR_COALESCE:
      out.name = "coalesce";
      break;
    case Type::COMPARE_IN:
      out.name = "in";
      break;
    case Type::COMPARE_NOT_IN:
      out.name = "not_in";
      break;
    case Type::OPERATOR_TRY:
      out.name = "try";
      break;
    case Type::GROUPING_FUNCTION:
      out.name = "grouping";
      break;
    case Type::OPERATOR_UNPACK:
      out.name = "unpack";
      break;
    case Type::ARRAY_EXTRACT:
      out.name = "array_extract";
      break;
    case Type::ARRAY_SLICE:
      out.name = "array_slice";
      break;
    case Type::ARRAY_CONSTRUCTOR:
      out.name = "array";
      break;
    case Type::STRUCT_EXTRACT: {
      const ParsedExpression& key = *expr.children.at(1);
      if (key.GetExpressionClass() != ExpressionClass::CONSTANT)
        throw NotTaken{"this form of a field", position_of(expr)};
      out = other("struct_extract", key.Cast<duckdb::ConstantExpression>().value.ToString());
      out.children.push_back(convert(*expr.children[0]));
      return out;
    }
    default:
      throw NotTaken{"this operator", position_of(expr)};
  }
  out.children = convert_all(expr.children);
  return out;
}

Expr convert_lambda(const duckdb::LambdaExpression& lambda) {
  // An arrow may be JSON's operator as well: only the engine's binder can tell.
  if (lambda.syntax_type != duckdb::LambdaSyntaxType::LAMBDA_KEYWORD) {
    Expr out = other("lambda", "->");
    out.children.push_back(convert(*lambda.lhs));
    out.children.push_back(convert(*lambda.expr));
    return out;
  }
  Expr out = other("lambda", "lambda");
  if (lambda.lhs->GetExpressionClass() == ExpressionClass::FUNCTION) {
    out.children = convert_all(lambda.lhs->Cast<duckdb::FunctionExpression>().children);
  } else {
    out.children.push_back(convert(*lambda.lhs));
  }
  out.children.push_back(convert(*lambda.expr));
  return out;
}

// The engine keeps each end of a frame together with its units.
struct BoundParts {
  Frame::Bound bound;
  std::string_view units;  // empty: of either
};

BoundParts bound_parts(duckdb::WindowBoundary boundary) {
  using Boundary = duckdb::WindowBoundary;
  switch (boundary) {
    case Boundary::UNBOUNDED_PRECEDING:
      return {Frame::Bound::unbounded_preceding, ""};
    case Boundary::UNBOUNDED_FOLLOWING:
      return {Frame::Bound::unbounded_following, ""};
    case Boundary::CURRENT_ROW_RANGE:
      return {Frame::Bound::current_row, "RANGE"};
    case Boundary::CURRENT_ROW_ROWS:
      return {Frame::Bound::current_row, "ROWS"};
    case Boundary::CURRENT_ROW_GROUPS:
      return {Frame::Bound::current_row, "GROUPS"};
    case Boundary::EXPR_PRECEDING_ROWS:
      return {Frame::Bound::preceding, "ROWS"};
    case Boundary::EXPR_PRECEDING_RANGE:
      return {Frame::Bound::preceding, "RANGE"};
    case Boundary::EXPR_PRECEDING_GROUPS:
      return {Frame::Bound::preceding, "GROUPS"};
    case Boundary::EXPR_FOLLOWING_ROWS:
      return {Frame::Bound::following, "ROWS"};
    case Boundary::EXPR_FOLLOWING_RANGE:
      return {Frame::Bound::following, "RANGE"};
    case Boundary::EXPR_FOLLOWING_GROUPS:
      return {Frame::Bound::following, "GROUPS"};
    default:
      throw NotTaken{"this window frame", -1};
  }
}

Frame convert_frame(const duckdb::WindowExpression& window) {
  Frame frame;
  const BoundParts start = bound_parts(window.start);
  const BoundParts end = bound_parts(window.end);
  frame.start = start.bound;
  frame.end = end.bound;
  if (window.start_expr) frame.start_expr = convert(*window.start_expr);
  if (window.end_expr) frame.end_expr = convert(*window.end_expr);
  switch (window.exclude_clause) {
    case duckdb::WindowExcludeMode::NO_OTHER:
      break;
    case duckdb::WindowExcludeMode::CURRENT_ROW:
      frame.exclude = "CURRENT ROW";
      break;
    case duckdb::WindowExcludeMode::GROUP:
      frame.exclude = "GROUP";
      break;
    case duckdb::WindowExcludeMode::TIES:
      frame.exclude = "TIES";
      break;
  }
  const bool is_default = window.start == duckdb::WindowBoundary::UNBOUNDED_PRECEDING &&
                          window.end == duckdb::WindowBoundary::CURRENT_ROW_RANGE && frame.exclude.empty();
  if (is_default) return frame;
  frame.units = !start.units.empty() ? start.units : !end.units.empty() ? end.units : "ROWS";
  return frame;
}

Expr convert_window(const duckdb::WindowExpression& window) {
  if (!window.catalog.empty() || !window.schema.empty())
    throw NotTaken{"a function of a schema", position_of(window)};
  Expr out;
  out.kind = Expr::Kind::window;
  out.name = lower(window.function_name);
  out.children = convert_all(window.children);
  if (window.offset_expr) out.children.push_back(convert(*window.offset_expr));
  if (window.default_expr) out.children.push_back(convert(*window.default_expr));
  out.is_distinct = window.distinct;
  out.is_ignoring_nulls = window.ignore_nulls;
  if (window.filter_expr) out.filter = convert(*window.filter_expr);
  out.order_by = convert_order(window.arg_orders);
  Over over;
  over.partition_by = convert_all(window.partitions);
  over.order_by = convert_order(window.orders);
  over.frame = convert_frame(window);
  out.over = std::move(over);
  return out;
}

Expr convert_subquery(const duckdb::SubqueryExpression& subquery) {
  Expr out;
  out.kind = Expr::Kind::subquery;
  switch (subquery.subquery_type) {
    case duckdb::SubqueryType::SCALAR:
      out.name = "scalar";
      break;
    case duckdb::SubqueryType::EXISTS:
      out.name = "exists";
      break;
    case duckdb::SubqueryType::NOT_EXISTS:
      out.name = "not_exists";
      break;
    case duckdb::SubqueryType::ANY:
      out.name = "any";
      out.text = operator_word(subquery.comparison_type);
      out.children.push_back(convert(*subquery.child));
      break;
    default:
      throw NotTaken{"this form of subquery", position_of(subquery)};
  }
  out.query = convert(*subquery.subquery->node);
  return out;
}

std::vector<std::string> path_of(const duckdb::QualifiedColumnName& column) {
  if (!column.catalog.empty() || !column.schema.empty()) throw NotTaken{"a column of a schema", -1};
  if (column.table.empty()) return {column.column};
  return {column.table, column.column};
}

Expr convert_star(const duckdb::StarExpression& star) {
  if (star.expr) {
    Expr out = other("columns", "COLUMNS");
    out.children.push_back(convert(*star.expr));
    return out;
  }
  Expr out;
  out.kind = Expr::Kind::star;
  if (!star.relation_name.empty()) out.path.push_back(star.relation_name);
  for (const auto& column : star.exclude_list) out.exclude.push_back(path_of(column));
  std::sort(out.exclude.begin(), out.exclude.end());
  for (const auto& [name, expr] : star.replace_list) out.replace.emplace_back(name, convert(*expr));
  std::sort(out.replace.begin(), out.replace.end(), [](auto& a, auto& b) { return a.first < b.first; });
  for (const auto& [column, name] : star.rename_list) out.rename.emplace_back(path_of(column), name);
  std::sort(out.rename.begin(), out.rename.end());
  if (!star.columns) return out;
  Expr columns = other("columns", "COLUMNS");
  columns.children.push_back(std::move(out));
  return columns;
}

// A literal of the same type: 5. is a decimal and 1e0 a double, which the engine prints as 5 and 1.0.
std::string constant_text(const duckdb::Value& value) {
  const auto& type = value.type();
  if (value.IsNull()) return value.ToSQLString();
  if (type.id() == duckdb::LogicalTypeId::DECIMAL && duckdb::DecimalType::GetScale(type) == 0)
    return value.ToString() + ".";
  if (type.id() == duckdb::LogicalTypeId::DOUBLE && value.GetValue<double>() == value.GetValue<double>()) {
    std::string text = fmt::format("{}", value.GetValue<double>());
    const bool is_number = text.find_first_not_of("0123456789.-e+") == std::string::npos;
    if (is_number && text.find('e') == std::string::npos) return text + "e0";
    if (is_number) return text;
  }
  return value.ToSQLString();
}

Expr convert_function(const duckdb::FunctionExpression& function) {
  if (function.export_state) throw NotTaken{"EXPORT_STATE", position_of(function)};
  // The parser itself says main.struct_pack for `{'a': 1}`.
  const bool is_builtin = function.schema.empty() || function.schema == "main";
  if (!function.catalog.empty() || !is_builtin)
    throw NotTaken{"a function of a schema", position_of(function)};
  Expr out;
  out.kind = Expr::Kind::call;
  if (!function.schema.empty()) out.path.push_back(function.schema);
  out.name = lower(function.function_name);
  out.children = convert_all(function.children);
  out.is_operator = function.is_operator && (out.children.size() == 1 || out.children.size() == 2);
  out.is_distinct = function.distinct;
  if (function.filter) out.filter = convert(*function.filter);
  if (function.order_bys) out.order_by = convert_order(function.order_bys->orders);
  return out;
}

Expr convert_bare(const ParsedExpression& expr) {
  Expr out;
  switch (expr.GetExpressionClass()) {
    case ExpressionClass::COLUMN_REF:
      out.kind = Expr::Kind::column;
      out.path = expr.Cast<duckdb::ColumnRefExpression>().column_names;
      return out;
    case ExpressionClass::CONSTANT:
      out.kind = Expr::Kind::constant;
      out.text = constant_text(expr.Cast<duckdb::ConstantExpression>().value);
      return out;
    case ExpressionClass::FUNCTION:
      return convert_function(expr.Cast<duckdb::FunctionExpression>());
    case ExpressionClass::WINDOW:
      return convert_window(expr.Cast<duckdb::WindowExpression>());
    case ExpressionClass::SUBQUERY:
      return convert_subquery(expr.Cast<duckdb::SubqueryExpression>());
    case ExpressionClass::STAR:
      return convert_star(expr.Cast<duckdb::StarExpression>());
    case ExpressionClass::OPERATOR:
      return convert_operator(expr.Cast<duckdb::OperatorExpression>());
    case ExpressionClass::LAMBDA:
      return convert_lambda(expr.Cast<duckdb::LambdaExpression>());
    case ExpressionClass::CASE: {
      const auto& node = expr.Cast<duckdb::CaseExpression>();
      out = other("case");
      for (const auto& check : node.case_checks) {
        out.children.push_back(convert(*check.when_expr));
        out.children.push_back(convert(*check.then_expr));
      }
      out.children.push_back(convert(*node.else_expr));
      return out;
    }
    case ExpressionClass::CAST: {
      const auto& node = expr.Cast<duckdb::CastExpression>();
      out = other(node.try_cast ? "try_cast" : "cast", type_text(node.cast_type, position_of(expr)));
      out.children.push_back(convert(*node.child));
      return out;
    }
    case ExpressionClass::COMPARISON: {
      const auto& node = expr.Cast<duckdb::ComparisonExpression>();
      out = other("comparison", operator_word(expr.GetExpressionType()));
      out.children.push_back(convert(*node.left));
      out.children.push_back(convert(*node.right));
      return out;
    }
    case ExpressionClass::CONJUNCTION:
      out = other(expr.GetExpressionType() == duckdb::ExpressionType::CONJUNCTION_AND ? "and" : "or");
      out.children = convert_all(expr.Cast<duckdb::ConjunctionExpression>().children);
      return out;
    case ExpressionClass::BETWEEN: {
      const auto& node = expr.Cast<duckdb::BetweenExpression>();
      out = other("between");
      out.children.push_back(convert(*node.input));
      out.children.push_back(convert(*node.lower));
      out.children.push_back(convert(*node.upper));
      return out;
    }
    case ExpressionClass::COLLATE: {
      const auto& node = expr.Cast<duckdb::CollateExpression>();
      out = other("collate", quote_identifier(node.collation));
      out.children.push_back(convert(*node.child));
      return out;
    }
    case ExpressionClass::POSITIONAL_REFERENCE:
      return other("positional", std::to_string(expr.Cast<duckdb::PositionalReferenceExpression>().index));
    case ExpressionClass::PARAMETER:
      throw NotTaken{"a parameter", position_of(expr)};
    case ExpressionClass::DEFAULT:
      return other("default");
    default:
      throw NotTaken{"this expression", position_of(expr)};
  }
}

// Of the statement that this thread converts: trees that are deep or large beyond reason are not taken.
struct Extent {
  size_t depth = 0;
  size_t nodes = 0;
};
thread_local Extent extent;

constexpr size_t depth_max = 400;
constexpr size_t nodes_max = 100'000;

class Deeper {
 public:
  explicit Deeper(Position position) {
    if (++extent.depth > depth_max) throw_too_large("nested", position);
    if (++extent.nodes > nodes_max) throw_too_large("long", position);
  }
  ~Deeper() { --extent.depth; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  [[noreturn]] static void throw_too_large(const char* how, Position position) {
    --extent.depth;
    throw NotTaken{fmt::format("a statement that is so {}", how), position};
  }
};

Expr convert(const ParsedExpression& expr) {
  const Deeper deeper(position_of(expr));
  Expr out = convert_bare(expr);
  out.alias = expr.GetAlias();
  out.position = position_of(expr);
  return out;
}

TableRef convert(const duckdb::TableRef& ref) {
  const Deeper deeper(position_of(ref.query_location));
  TableRef out;
  out.alias = ref.alias;
  out.column_aliases = ref.column_name_alias;
  out.position = position_of(ref.query_location);
  if (ref.sample) throw NotTaken{"SAMPLE", out.position};
  switch (ref.type) {
    case duckdb::TableReferenceType::BASE_TABLE: {
      const auto& base = ref.Cast<duckdb::BaseTableRef>();
      if (base.at_clause) throw NotTaken{"AT", out.position};
      out.kind = TableRef::Kind::base;
      // "a.b.c": a catalog makes the schema part of a name that is not ours.
      out.schema = base.catalog_name.empty() ? base.schema_name : base.catalog_name + "." + base.schema_name;
      out.name = base.table_name;
      return out;
    }
    case duckdb::TableReferenceType::SUBQUERY:
      out.kind = TableRef::Kind::subquery;
      out.query = convert(*ref.Cast<duckdb::SubqueryRef>().subquery->node);
      return out;
    case duckdb::TableReferenceType::JOIN: {
      const auto& join = ref.Cast<duckdb::JoinRef>();
      out.kind = TableRef::Kind::join;
      out.left = convert(*join.left);
      out.right = convert(*join.right);
      switch (join.type) {
        case duckdb::JoinType::INNER:
          out.join_type = "INNER";
          break;
        case duckdb::JoinType::LEFT:
          out.join_type = "LEFT";
          break;
        case duckdb::JoinType::RIGHT:
          out.join_type = "RIGHT";
          break;
        case duckdb::JoinType::OUTER:
          out.join_type = "FULL";
          break;
        case duckdb::JoinType::SEMI:
          out.join_type = "SEMI";
          break;
        case duckdb::JoinType::ANTI:
          out.join_type = "ANTI";
          break;
        default:
          throw NotTaken{"this kind of join", out.position};
      }
      switch (join.ref_type) {
        case duckdb::JoinRefType::REGULAR:
          out.join_kind = TableRef::JoinKind::on;
          break;
        case duckdb::JoinRefType::NATURAL:
          out.join_kind = TableRef::JoinKind::natural;
          break;
        case duckdb::JoinRefType::CROSS:
          out.join_kind = TableRef::JoinKind::cross;
          break;
        case duckdb::JoinRefType::POSITIONAL:
          out.join_kind = TableRef::JoinKind::positional;
          break;
        case duckdb::JoinRefType::ASOF:
          out.join_kind = TableRef::JoinKind::asof;
          break;
        default:
          throw NotTaken{"this kind of join", out.position};
      }
      out.using_columns = join.using_columns;
      if (join.condition) out.condition = convert(*join.condition);
      return out;
    }
    case duckdb::TableReferenceType::TABLE_FUNCTION: {
      const auto& function = ref.Cast<duckdb::TableFunctionRef>();
      if (function.subquery) throw NotTaken{"a table function over a query", out.position};
      out.kind = TableRef::Kind::function;
      out.function = convert(*function.function);
      out.has_ordinality = function.with_ordinality == duckdb::OrdinalityType::WITH_ORDINALITY;
      return out;
    }
    case duckdb::TableReferenceType::EXPRESSION_LIST: {
      const auto& list = ref.Cast<duckdb::ExpressionListRef>();
      out.kind = TableRef::Kind::values;
      for (const auto& row : list.values) out.values.push_back(convert_all(row));
      return out;
    }
    case duckdb::TableReferenceType::EMPTY_FROM:
      return out;
    case duckdb::TableReferenceType::PIVOT:
      throw NotTaken{"PIVOT", out.position};
    case duckdb::TableReferenceType::SHOW_REF:
      throw NotTaken{std::string(show_statement), out.position};
    default:
      throw NotTaken{"this kind of table", out.position};
  }
}

void convert_modifiers(const duckdb::QueryNode& node, Select& out) {
  for (const auto& modifier : node.modifiers) {
    switch (modifier->type) {
      case duckdb::ResultModifierType::DISTINCT_MODIFIER: {
        const auto& distinct = modifier->Cast<duckdb::DistinctModifier>();
        if (distinct.distinct_on_targets.empty()) {
          out.is_distinct = true;
        } else {
          out.distinct_on = convert_all(distinct.distinct_on_targets);
        }
        break;
      }
      case duckdb::ResultModifierType::ORDER_MODIFIER:
        out.order_by = convert_order(modifier->Cast<duckdb::OrderModifier>().orders);
        break;
      case duckdb::ResultModifierType::LIMIT_MODIFIER: {
        const auto& limit = modifier->Cast<duckdb::LimitModifier>();
        if (limit.limit) out.limit = convert(*limit.limit);
        if (limit.offset) out.offset = convert(*limit.offset);
        break;
      }
      case duckdb::ResultModifierType::LIMIT_PERCENT_MODIFIER: {
        const auto& limit = modifier->Cast<duckdb::LimitPercentModifier>();
        if (limit.limit) out.limit = convert(*limit.limit);
        if (limit.offset) out.offset = convert(*limit.offset);
        out.is_limit_percent = true;
        break;
      }
      default:
        throw NotTaken{"this clause", -1};
    }
  }
}

void convert_select(const duckdb::SelectNode& select, Select& out) {
  if (select.sample) throw NotTaken{"SAMPLE", -1};
  out.items = convert_all(select.select_list);
  if (select.from_table) out.from = convert(*select.from_table);
  if (select.where_clause) out.where = convert(*select.where_clause);
  out.group_by = convert_all(select.groups.group_expressions);
  const auto& sets = select.groups.grouping_sets;
  // GROUP BY () is one set of nothing.
  if (sets.size() > 1 ||
      (sets.size() == 1 && (out.group_by.empty() || sets[0].size() != out.group_by.size()))) {
    for (const auto& set : sets) {
      std::vector<size_t> indexes;
      for (const auto& index : set) indexes.push_back(static_cast<size_t>(index));
      out.grouping_sets.push_back(std::move(indexes));
    }
  }
  out.is_group_by_all = select.aggregate_handling == duckdb::AggregateHandling::FORCE_AGGREGATES;
  if (select.having) out.having = convert(*select.having);
  if (select.qualify) out.qualify = convert(*select.qualify);
}

Select convert(const duckdb::QueryNode& node) {
  const Deeper deeper(-1);
  Select out;
  for (const auto& entry : node.cte_map.map) {
    if (!entry.second->key_targets.empty()) throw NotTaken{"USING KEY", -1};
    Cte cte;
    cte.name = entry.first;
    cte.column_aliases = entry.second->aliases;
    cte.query = convert(*entry.second->query->node);
    cte.is_materialized = entry.second->materialized == duckdb::CTEMaterialize::CTE_MATERIALIZE_ALWAYS;
    out.ctes.push_back(std::move(cte));
  }
  convert_modifiers(node, out);
  switch (node.type) {
    case duckdb::QueryNodeType::SELECT_NODE:
      convert_select(node.Cast<duckdb::SelectNode>(), out);
      return out;
    case duckdb::QueryNodeType::SET_OPERATION_NODE: {
      const auto& set = node.Cast<duckdb::SetOperationNode>();
      switch (set.setop_type) {
        case duckdb::SetOperationType::UNION:
        case duckdb::SetOperationType::UNION_BY_NAME:
          out.set_operation = "UNION";
          break;
        case duckdb::SetOperationType::EXCEPT:
          out.set_operation = "EXCEPT";
          break;
        case duckdb::SetOperationType::INTERSECT:
          out.set_operation = "INTERSECT";
          break;
        default:
          throw NotTaken{"this set operation", -1};
      }
      if (set.setop_all) out.set_operation += " ALL";
      if (set.setop_type == duckdb::SetOperationType::UNION_BY_NAME) out.set_operation += " BY NAME";
      for (const auto& child : set.children) out.operands.push_back(convert(*child));
      return out;
    }
    case duckdb::QueryNodeType::RECURSIVE_CTE_NODE:
      throw NotTaken{"WITH RECURSIVE", -1};
    default:
      throw NotTaken{"this kind of query", -1};
  }
}

// The engine's tree says SHOW, DESCRIBE and SUMMARIZE alike; here is which one was written.
std::string show_name(std::string_view text) {
  for (const auto& token : duckdb::Parser::Tokenize(std::string(text))) {
    for (const std::string_view word : {"SHOW", "DESCRIBE", "DESC", "SUMMARIZE"}) {
      if (same_name(text.substr(token.start, word.size()), word)) return std::string(word);
    }
  }
  return std::string(show_statement);
}

// For what the engine's tree has no place of: where the last word of `what` stands in the text; -1 when it
// does not.
Position position_of_word(std::string_view text, const std::string& what) {
  const std::string word = what.substr(what.rfind(' ') + 1);
  for (const auto& token : duckdb::Parser::Tokenize(std::string(text))) {
    if (same_name(text.substr(token.start, word.size()), word)) return static_cast<Position>(token.start);
  }
  return -1;
}

// The first word of a statement, as a person knows it.
std::string statement_name(std::string_view text) {
  for (const auto& token : duckdb::Parser::Tokenize(std::string(text))) {
    if (token.type == duckdb::SimplifiedTokenType::SIMPLIFIED_TOKEN_COMMENT) continue;
    size_t end = token.start;
    while (end < text.size() && std::isalpha(static_cast<unsigned char>(text[end])) != 0) ++end;
    if (end > token.start)
      return duckdb::StringUtil::Upper(std::string(text.substr(token.start, end - token.start)));
  }
  return "this statement";
}

Position position_after_semicolon(std::string_view text) {
  bool is_after = false;
  for (const auto& token : duckdb::Parser::Tokenize(std::string(text))) {
    if (is_after && text[token.start] != ';') return static_cast<Position>(token.start);
    is_after = is_after || text[token.start] == ';';
  }
  return 0;
}

// Brings what the parser has two forms of into one, see named_type and order_groups.
void normalise(duckdb::QueryNode& node);
void normalise(duckdb::unique_ptr<ParsedExpression>& expr);

void normalise(ParsedExpression& expr) {
  if (expr.GetExpressionClass() == ExpressionClass::CAST) {
    auto& cast = expr.Cast<duckdb::CastExpression>();
    cast.cast_type = named_type(cast.cast_type);
  }
  if (expr.GetExpressionClass() == ExpressionClass::SUBQUERY)
    normalise(*expr.Cast<duckdb::SubqueryExpression>().subquery->node);
  duckdb::ParsedExpressionIterator::EnumerateChildren(
      expr, [](duckdb::unique_ptr<ParsedExpression>& child) { normalise(child); });
}

// IS TRUE has a constant where the word TRUE is read as a cast.
void normalise(duckdb::unique_ptr<ParsedExpression>& expr) {
  const bool is_boolean =
      expr->GetExpressionClass() == ExpressionClass::CONSTANT &&
      expr->Cast<duckdb::ConstantExpression>().value.type() == duckdb::LogicalType::BOOLEAN;
  if (!is_boolean) return normalise(*expr);
  const auto alias = expr->GetAlias();
  expr = std::move(duckdb::Parser::ParseExpressionList(expr->ToString()).at(0));
  expr->SetAlias(alias);
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

void normalise(duckdb::QueryNode& node) {
  if (node.type == duckdb::QueryNodeType::SELECT_NODE) order_groups(node.Cast<duckdb::SelectNode>().groups);
  for (auto& entry : node.cte_map.map) normalise(*entry.second->query->node);
  if (node.type == duckdb::QueryNodeType::SET_OPERATION_NODE) {
    for (auto& child : node.Cast<duckdb::SetOperationNode>().children) normalise(*child);
  }
  duckdb::ParsedExpressionIterator::EnumerateQueryNodeModifiers(
      node, [](duckdb::unique_ptr<ParsedExpression>& child) { normalise(child); });
  if (node.type != duckdb::QueryNodeType::SELECT_NODE) return;
  duckdb::ParsedExpressionIterator::EnumerateQueryNodeChildren(
      node, [](duckdb::unique_ptr<ParsedExpression>& child) { normalise(child); },
      [](duckdb::TableRef& table) {
        if (table.type == duckdb::TableReferenceType::SUBQUERY)
          normalise(*table.Cast<duckdb::SubqueryRef>().subquery->node);
      });
}

// What is run later is our printing of the tree, so it has to be the same statement to the engine's parser.
// Whatever our tree has no place for is found here, and not taken.
Status check_printing(const Select& select, const duckdb::SelectStatement& written, std::string_view text) {
  const std::string printed = to_sql(select);
  duckdb::Parser parser;
  parser.ParseQuery(printed);
  bool is_same =
      parser.statements.size() == 1 && parser.statements[0]->type == duckdb::StatementType::SELECT_STATEMENT;
  if (is_same) {
    auto& reread = parser.statements[0]->Cast<duckdb::SelectStatement>();
    normalise(*reread.node);
    is_same = written.Equals(reread);
  }
  if (is_same) return {};
  return fail_at(place_at(text, 0), Code::refused, "this form of SELECT is not supported",
                 fmt::format("write it in another way; it was understood as: {}", printed));
}

}  // namespace

Place place_at(std::string_view text, Position position) {
  Place place;
  if (position < 0) return place;
  const auto before = text.substr(0, std::min(static_cast<size_t>(position), text.size()));
  place.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  const size_t newline = before.rfind('\n');
  place.column =
      static_cast<int>(newline == std::string_view::npos ? before.size() : before.size() - newline - 1) + 1;
  return place;
}

Result<Select> parse_select(std::string_view text) {
  // The engine would take the text up to there, and be silent about the rest.
  if (const size_t zero = text.find('\0'); zero != text.npos) {
    return fail_at(place_at(text, static_cast<Position>(zero)), Code::bad_sql,
                   "a zero byte stands in the statement");
  }
  try {
    duckdb::Parser parser;
    parser.ParseQuery(std::string(text));
    if (parser.statements.empty()) {
      return fail_at({"", 1, 1}, Code::bad_sql, "there is no statement", "write one SELECT");
    }
    if (parser.statements.size() > 1) {
      return fail_at(place_at(text, position_after_semicolon(text)), Code::refused, "more than one statement",
                     "write one SELECT, without a second one after a semicolon");
    }
    auto& statement = *parser.statements[0];
    if (statement.type != duckdb::StatementType::SELECT_STATEMENT) {
      // The engine makes several statements of a PIVOT whose columns it has to find out first.
      const bool is_pivot =
          statement.type == duckdb::StatementType::MULTI_STATEMENT && position_of_word(text, "PIVOT") >= 0;
      const std::string name = is_pivot ? "PIVOT" : statement_name(text);
      const Position position = std::max<Position>(0, position_of_word(text, name));
      return fail_at(place_at(text, position), Code::refused, name + " is not allowed",
                     is_pivot ? "write one aggregate with FILTER (WHERE …) for each column"
                              : "only SELECT reads data here, and nothing changes it");
    }
    extent = {};
    normalise(*statement.Cast<duckdb::SelectStatement>().node);
    const auto& written = statement.Cast<duckdb::SelectStatement>();
    Select select = convert(*written.node);
    TRY(check_printing(select, written, text));
    return select;
  } catch (const NotTaken& problem) {
    const std::string what = problem.what == show_statement ? show_name(text) : problem.what;
    const Position position = problem.position < 0 ? position_of_word(text, what) : problem.position;
    return fail_at(place_at(text, position), Code::refused, what + " is not supported",
                   "write the query without it");
  } catch (const std::exception& error) {
    return fail(engine_error(error, text, Code::bad_sql));
  }
}

namespace {

void collect_tables(const Select& select, std::vector<std::string> cte_names, std::vector<TableName>& out);

void collect_tables(const Expr& expr, const std::vector<std::string>& cte_names,
                    std::vector<TableName>& out) {
  visit_expr(expr, [&](const Expr& node) {
    if (node.query) collect_tables(*node.query, cte_names, out);
    return true;
  });
}

void collect_tables(const TableRef& table, const std::vector<std::string>& cte_names,
                    std::vector<TableName>& out) {
  switch (table.kind) {
    case TableRef::Kind::base: {
      const bool is_cte =
          table.schema.empty() && std::any_of(cte_names.begin(), cte_names.end(),
                                              [&](auto& name) { return same_name(name, table.name); });
      if (!is_cte) out.push_back({table.schema, table.name, table.position});
      return;
    }
    case TableRef::Kind::subquery:
      collect_tables(*table.query, cte_names, out);
      return;
    case TableRef::Kind::join:
      collect_tables(*table.left, cte_names, out);
      collect_tables(*table.right, cte_names, out);
      if (table.condition) collect_tables(*table.condition, cte_names, out);
      return;
    case TableRef::Kind::function:
      collect_tables(*table.function, cte_names, out);
      return;
    case TableRef::Kind::values:
      for (const auto& row : table.values) {
        for (const auto& value : row) collect_tables(value, cte_names, out);
      }
      return;
    case TableRef::Kind::empty:
      return;
  }
}

void collect_tables(const Select& select, std::vector<std::string> cte_names, std::vector<TableName>& out) {
  for (const Cte& cte : select.ctes) {
    collect_tables(*cte.query, cte_names, out);  // a CTE sees those before it
    cte_names.push_back(cte.name);
  }
  for (const Select& operand : select.operands) collect_tables(operand, cte_names, out);
  collect_tables(select.from, cte_names, out);
  visit_own_exprs(select, [&](const Expr& expr) { collect_tables(expr, cte_names, out); });
}

}  // namespace

std::vector<TableName> table_names(const Select& select) {
  std::vector<TableName> names;
  collect_tables(select, {}, names);
  return names;
}

}  // namespace anabranch::sql
