#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "duckdb/parser/expression/list.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "sql/normal_form.h"
#include "sql/tree_conversion.h"

namespace anabranch::sql {

using duckdb::ExpressionClass;
using duckdb::ParsedExpression;

Position position_of(const duckdb::optional_idx& location) {
  return location.IsValid() ? static_cast<Position>(location.GetIndex()) : -1;
}
Position position_of(const ParsedExpression& expr) { return position_of(expr.GetQueryLocation()); }

namespace {

struct Extent {
  size_t depth = 0;
  size_t nodes = 0;
};
thread_local Extent extent;

constexpr size_t depth_max = 400;
constexpr size_t nodes_max = 100'000;

}  // namespace

Deeper::Deeper(Position position) {
  const bool is_deep = extent.depth + 1 > depth_max;
  if (is_deep || ++extent.nodes > nodes_max)
    throw NotTaken{fmt::format("a statement that is so {}", is_deep ? "nested" : "long"), position};
  ++extent.depth;
}

Deeper::~Deeper() { --extent.depth; }

void Deeper::begin() { extent = {}; }

std::vector<Expr> convert_all(const duckdb::vector<duckdb::unique_ptr<ParsedExpression>>& list) {
  std::vector<Expr> all;
  all.reserve(list.size());
  for (const auto& item : list) all.push_back(convert(*item));
  return all;
}

static OrderItem convert(const duckdb::OrderByNode& node) {
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

namespace {

// The engine's word for a comparison: "=", "IS NOT DISTINCT FROM".
std::string operator_word(duckdb::ExpressionType type) { return duckdb::ExpressionTypeToOperator(type); }

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
  for (const auto& [name, expr] : star.replace_list) out.replace.push_back({name, convert(*expr)});
  std::sort(out.replace.begin(), out.replace.end(), [](auto& a, auto& b) { return a.name < b.name; });
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

}  // namespace

Expr convert(const ParsedExpression& expr) {
  const Deeper deeper(position_of(expr));
  Expr out = convert_bare(expr);
  out.alias = expr.GetAlias();
  out.position = position_of(expr);
  return out;
}

}  // namespace anabranch::sql
