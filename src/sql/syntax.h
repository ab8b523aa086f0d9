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

/// ROWS BETWEEN … AND … EXCLUDE …; the default frame has no units.
struct Frame {
  enum class Bound { unbounded_preceding, preceding, current_row, following, unbounded_following };
  std::string units;  // "ROWS", "RANGE", "GROUPS"; empty: the default frame
  Bound start = Bound::unbounded_preceding;
  Box<Expr> start_expr;  // of preceding and following
  Bound end = Bound::current_row;
  Box<Expr> end_expr;
  std::string exclude;  // "", "CURRENT ROW", "GROUP", "TIES"
};

/// What `* REPLACE (value AS name)` puts in a column's place.
struct Replacement;

/// OVER (…)
struct Over {
  std::vector<Expr> partition_by;
  std::vector<OrderItem> order_by;
  Frame frame;
};

struct Expr {
  enum class Kind {
    column,    // path: [[schema,] relation,] name
    constant,  // text: its literal
    call,      // name(children …), an aggregate or a scalar function; path: [schema]; an operator where
               // is_operator
    window,    // a call with OVER
    subquery,  // name: "scalar", "exists", "not_exists", "any" (text: the operator; one child); query
    star,      // path: [relation]; exclude, replace, rename
    other,     // name says which, see below
    text,      // text: SQL of our own, in which nothing is looked at again
  };
  // Names of `other`, with what they keep in `text`:
  //   cast, try_cast (the type), comparison (the operator), collate (the collation), positional (the number),
  //   lambda ("lambda" or "->": how it is written; the children are its parameters, or what stands before the
  //   arrow, and the body), and, or, not, between, case (children: when, then, …, else), is_null,
  //   is_not_null, coalesce, in, not_in, try, grouping, unpack, array_extract, array_slice, struct_extract,
  //   array, columns (text: "COLUMNS" or "*COLUMNS"; one child), default, unpivot (see unpivot.h).
  Kind kind = Kind::constant;
  std::string name;  // call, window: lower case
  std::vector<std::string> path;
  std::string text;
  std::vector<Expr> children;
  bool is_operator = false;         // a call that is written as an operator
  bool is_distinct = false;         // f(DISTINCT …)
  bool is_ignoring_nulls = false;   // window: IGNORE NULLS
  Box<Expr> filter;                 // FILTER (WHERE …)
  std::vector<OrderItem> order_by;  // f(… ORDER BY …)
  Box<Over> over;
  Box<Select> query;
  std::vector<std::vector<std::string>> exclude;                         // star: [relation,] name
  std::vector<Replacement> replace;                                      // star
  std::vector<std::pair<std::vector<std::string>, std::string>> rename;  // star: [relation,] name, new name
  std::string alias;
  Position position = -1;

  bool is(std::string_view other_name) const { return kind == Kind::other && name == other_name; }
};

struct Replacement {
  std::string name;
  Expr value;
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
  std::vector<std::vector<size_t>>
      grouping_sets;  // empty, or other than the one plain set: GROUP BY () has one
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
/// Every item of every FROM clause directly in this SELECT, joins included.
void visit_tables(const TableRef& table, const std::function<void(const TableRef&)>& visitor);
/// Replaces a node and what is below by what the function returns, where it returns something.
Expr rewrite(const Expr& expr, const std::function<Box<Expr>(const Expr&)>& replace);

// The same places, to be changed in place: one definition of where expressions and queries stand in a tree.
/// The expressions directly below this one (children, FILTER, ORDER BY, OVER with its frame, REPLACE).
void for_each_child(Expr& expr, const std::function<void(Expr&)>& change);
/// The expressions directly in this SELECT, those of its FROM clause too.
void for_each_own_expr(Select& select, const std::function<void(Expr&)>& change);
/// The queries directly below this SELECT: CTEs, operands, derived tables, subqueries of its expressions.
void for_each_query(Select& select, const std::function<void(Select&)>& change);

}  // namespace anabranch::sql
