#pragma once
// A SELECT as a tree of plain values: what the plan compiler and the check of users' SQL look at and change.
// It comes from DuckDB's own parser (parser.h) and goes back to text (to_sql). Names keep the case in which
// they were written; compare them with same_name.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/box.h"

namespace anabranch::sql {

struct Expr;
struct Select;

/// Byte position in the text that was parsed; -1 where the tree was made by us.
using Position = int64_t;

struct OrderItem {
  Box<Expr> expr;
  bool is_descending = false;
  enum class Nulls { by_default, first, last } nulls = Nulls::by_default;
};

/// OVER (…)
struct Over {
  std::vector<Expr> partition_by;
  std::vector<OrderItem> order_by;
  std::string frame;  // "ROWS BETWEEN …" as text, empty for the default
};

struct Expr {
  enum class Kind {
    column,    // path: [[schema,] relation,] name
    constant,  // pattern: its literal
    call,      // name(children …), an aggregate or a scalar function, or an operator (then has a pattern)
    window,    // a call with OVER
    subquery,  // pattern with the query and, for IN and ANY, one child
    star,      // path: [relation]; exclude, replace
    other,  // cast, case, and, or, not, comparison, between, in, coalesce, lambda, …: name says which; has a
            // pattern
  };
  Kind kind = Kind::constant;
  std::string name;  // call, window: lower case; other: see parser.cc
  std::vector<std::string> path;
  std::string pattern;  // text in which "\1<i>\2" stands for child i and "\1q\2" for the query
  std::vector<Expr> children;
  bool is_distinct = false;         // f(DISTINCT …)
  bool is_ignoring_nulls = false;   // window: IGNORE NULLS
  Box<Expr> filter;                 // FILTER (WHERE …)
  std::vector<OrderItem> order_by;  // f(… ORDER BY …)
  Box<Over> over;
  Box<Select> query;
  std::vector<std::vector<std::string>> exclude;  // star: [relation,] name
  std::vector<std::pair<std::string, Expr>> replace;
  std::string alias;
  Position position = -1;
};

struct TableRef {
  enum class Kind { base, subquery, join, function, values, empty };
  Kind kind = Kind::empty;
  std::string schema;
  std::string name;
  std::string alias;
  std::vector<std::string> column_aliases;
  Box<Select> query;
  Box<Expr> function;
  bool has_ordinality = false;
  std::vector<std::vector<Expr>> values;
  // join
  Box<TableRef> left;
  Box<TableRef> right;
  std::string join_type;  // INNER, LEFT, RIGHT, FULL, SEMI, ANTI
  enum class JoinKind { on, natural, cross, positional, asof } join_kind = JoinKind::on;
  std::vector<std::string> using_columns;
  Box<Expr> condition;
  Position position = -1;
};

struct Cte {
  std::string name;
  std::vector<std::string> column_aliases;
  Box<Select> query;
  bool is_materialized = false;
};

/// A SELECT, or a set operation over several.
struct Select {
  std::vector<Cte> ctes;
  // a set operation when not empty: "UNION ALL", "UNION", "EXCEPT", "INTERSECT", "UNION ALL BY NAME", …
  std::string set_operation;
  std::vector<Select> operands;
  // else
  std::vector<Expr> items;
  TableRef from;
  Box<Expr> where;
  std::vector<Expr> group_by;
  std::vector<std::vector<size_t>> grouping_sets;  // empty, or more than the one plain set
  bool is_group_by_all = false;
  Box<Expr> having;
  Box<Expr> qualify;
  // both
  bool is_distinct = false;
  std::vector<Expr> distinct_on;
  std::vector<OrderItem> order_by;
  Box<Expr> limit;
  Box<Expr> offset;
  bool is_limit_percent = false;
};

/// Identifiers are compared without case (ASCII), as DuckDB does.
bool same_name(std::string_view a, std::string_view b);
std::string lower(std::string_view name);
/// "a b" with quotes where SQL needs them.
std::string quote_identifier(std::string_view name);
/// 'it''s'
std::string quote_literal(std::string_view text);

std::string to_sql(const Expr& expr);
std::string to_sql(const OrderItem& item);
std::string to_sql(const Select& select);
std::string to_sql(const TableRef& table);

/// Equal but for case of identifiers, aliases and places.
bool same_expr(const Expr& a, const Expr& b);

// Making trees.
Expr column(std::string relation, std::string name);
Expr column(std::string name);
/// Any SQL text as an expression; nothing in it is looked at again.
Expr text_expr(std::string sql);
Expr call(std::string name, std::vector<Expr> arguments);
TableRef subquery_table(Select query, std::string alias);
/// A table whose text stands in place of FROM's item, e.g. a table function or a parenthesised SELECT.
TableRef text_table(std::string sql, std::string alias);

// Walking trees. The callbacks see every node, parents first; returning false from a visitor skips what is
// below.
void visit_expr(const Expr& expr, const std::function<bool(const Expr&)>& visitor);
/// All expressions directly in this SELECT (not those of subqueries in FROM, CTEs or set operands).
void visit_own_exprs(const Select& select, const std::function<void(const Expr&)>& visitor);
/// Every SELECT in it, itself first: operands, CTEs, derived tables, subqueries in expressions.
void visit_selects(const Select& select, const std::function<void(const Select&)>& visitor);
/// Replaces a node and what is below by what the function returns, where it returns something.
Expr rewrite(const Expr& expr, const std::function<Box<Expr>(const Expr&)>& replace);

}  // namespace anabranch::sql
