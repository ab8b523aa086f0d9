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

// The engine prints the node with a marker in place of each child, and we print the children. So every kind
// of expression keeps its exact form without a printer of ours. Constants stay in the pattern, because the
// engine prints some nodes differently around them.
std::string marker(size_t index) { return fmt::format("\1{}\2", index); }

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

void set_pattern(const ParsedExpression& expr, Expr& out) {
  auto copy = expr.Copy();
  copy->ClearAlias();
  duckdb::ParsedExpressionIterator::EnumerateChildren(
      *copy, [&](duckdb::unique_ptr<ParsedExpression>& child) {
        if (child->GetExpressionClass() == ExpressionClass::CONSTANT) return;
        out.children.push_back(convert(*child));
        const std::string alias = child->GetAlias();
        child = duckdb::make_uniq<duckdb::ColumnRefExpression>(marker(out.children.size() - 1));
        child->SetAlias(alias);
      });
  out.pattern = copy->ToString();
  for (size_t i = 0; i < out.children.size(); ++i) {
    replace_all(out.pattern, fmt::format("\"{}\"", marker(i)), marker(i));
  }
}

std::string other_name(const ParsedExpression& expr) {
  switch (expr.GetExpressionClass()) {
    case ExpressionClass::CASE:
      return "case";
    case ExpressionClass::CAST:
      return expr.Cast<duckdb::CastExpression>().try_cast ? "try_cast" : "cast";
    case ExpressionClass::COMPARISON:
      return "comparison";
    case ExpressionClass::CONJUNCTION:
      return expr.GetExpressionType() == duckdb::ExpressionType::CONJUNCTION_AND ? "and" : "or";
    case ExpressionClass::BETWEEN:
      return "between";
    case ExpressionClass::COLLATE:
      return "collate";
    case ExpressionClass::LAMBDA:
      return "lambda";
    case ExpressionClass::POSITIONAL_REFERENCE:
      return "positional";
    case ExpressionClass::PARAMETER:
      return "parameter";
    case ExpressionClass::DEFAULT:
      return "default";
    case ExpressionClass::TYPE:
      return "type";
    case ExpressionClass::OPERATOR:
      switch (expr.GetExpressionType()) {
        case duckdb::ExpressionType::OPERATOR_NOT:
          return "not";
        case duckdb::ExpressionType::OPERATOR_IS_NULL:
          return "is_null";
        case duckdb::ExpressionType::OPERATOR_IS_NOT_NULL:
          return "is_not_null";
        case duckdb::ExpressionType::OPERATOR_COALESCE:
          return "coalesce";
        case duckdb::ExpressionType::COMPARE_IN:
          return "in";
        case duckdb::ExpressionType::COMPARE_NOT_IN:
          return "not_in";
        case duckdb::ExpressionType::OPERATOR_TRY:
          return "try";
        case duckdb::ExpressionType::GROUPING_FUNCTION:
          return "grouping";
        case duckdb::ExpressionType::OPERATOR_UNPACK:
          return "unpack";
        default:
          return "operator";
      }
    default:
      return "unknown";
  }
}

Expr convert_window(const duckdb::WindowExpression& window) {
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
  // What is left when everything else is taken away is the frame: f() OVER (<frame>)
  auto rest = window.Copy();
  auto& bare = rest->Cast<duckdb::WindowExpression>();
  bare.ClearAlias();
  bare.children.clear();
  bare.offset_expr.reset();
  bare.default_expr.reset();
  bare.filter_expr.reset();
  bare.partitions.clear();
  bare.orders.clear();
  bare.arg_orders.clear();
  bare.ignore_nulls = false;
  const std::string text = bare.ToString();
  if (const size_t at = text.find(") OVER ("); at != std::string::npos) {
    over.frame = text.substr(at + 8, text.size() - at - 9);
    while (!over.frame.empty() && over.frame.front() == ' ') over.frame.erase(0, 1);
  }
  out.over = std::move(over);
  return out;
}

Expr convert_subquery(const duckdb::SubqueryExpression& subquery) {
  Expr out;
  out.kind = Expr::Kind::subquery;
  out.query = convert(*subquery.subquery->node);
  auto copy = subquery.Copy();
  copy->ClearAlias();
  auto& marked = copy->Cast<duckdb::SubqueryExpression>();
  if (marked.child) {
    out.children.push_back(convert(*marked.child));
    marked.child = duckdb::make_uniq<duckdb::ColumnRefExpression>(marker(0));
  }
  const std::string inner = marked.subquery->ToString();
  out.pattern = copy->ToString();
  replace_all(out.pattern, fmt::format("\"{}\"", marker(0)), marker(0));
  if (const size_t at = out.pattern.find(inner); at != std::string::npos) {
    out.pattern.replace(at, inner.size(), "\1q\2");
  } else {
    throw NotTaken{"this form of subquery", position_of(subquery)};
  }
  return out;
}

Expr convert_star(const duckdb::StarExpression& star) {
  Expr out;
  if (star.columns || star.expr || !star.rename_list.empty()) {
    out.kind = Expr::Kind::other;
    out.name = "columns";
    set_pattern(star, out);
    return out;
  }
  out.kind = Expr::Kind::star;
  if (!star.relation_name.empty()) out.path.push_back(star.relation_name);
  for (const auto& column : star.exclude_list) {
    out.exclude.push_back(column.table.empty() ? std::vector<std::string>{column.column}
                                               : std::vector<std::string>{column.table, column.column});
  }
  std::sort(out.exclude.begin(), out.exclude.end());
  for (const auto& [name, expr] : star.replace_list) out.replace.emplace_back(name, convert(*expr));
  std::sort(out.replace.begin(), out.replace.end(), [](auto& a, auto& b) { return a.first < b.first; });
  return out;
}

Expr convert_bare(const ParsedExpression& expr) {
  Expr out;
  switch (expr.GetExpressionClass()) {
    case ExpressionClass::COLUMN_REF:
      out.kind = Expr::Kind::column;
      out.path = expr.Cast<duckdb::ColumnRefExpression>().column_names;
      return out;
    case ExpressionClass::CONSTANT: {
      auto copy = expr.Copy();
      copy->ClearAlias();
      out.kind = Expr::Kind::constant;
      out.pattern = copy->ToString();
      return out;
    }
    case ExpressionClass::FUNCTION: {
      const auto& function = expr.Cast<duckdb::FunctionExpression>();
      out.kind = Expr::Kind::call;
      out.name = lower(function.function_name);
      if (function.export_state) throw NotTaken{"EXPORT_STATE", position_of(expr)};
      if (!function.catalog.empty()) throw NotTaken{"a function of another catalog", position_of(expr)};
      if (function.is_operator) {
        set_pattern(expr, out);
        return out;
      }
      out.children = convert_all(function.children);
      out.is_distinct = function.distinct;
      if (function.filter) out.filter = convert(*function.filter);
      if (function.order_bys) out.order_by = convert_order(function.order_bys->orders);
      return out;
    }
    case ExpressionClass::WINDOW:
      return convert_window(expr.Cast<duckdb::WindowExpression>());
    case ExpressionClass::SUBQUERY:
      return convert_subquery(expr.Cast<duckdb::SubqueryExpression>());
    case ExpressionClass::STAR:
      return convert_star(expr.Cast<duckdb::StarExpression>());
    default:
      out.kind = Expr::Kind::other;
      out.name = other_name(expr);
      set_pattern(expr, out);
      return out;
  }
}

Expr convert(const ParsedExpression& expr) {
  Expr out = convert_bare(expr);
  out.alias = expr.GetAlias();
  out.position = position_of(expr);
  return out;
}

TableRef convert(const duckdb::TableRef& ref) {
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
  if (sets.size() > 1 || (sets.size() == 1 && sets[0].size() != out.group_by.size())) {
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
    const auto& statement = *parser.statements[0];
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
    return convert(*statement.Cast<duckdb::SelectStatement>().node);
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
