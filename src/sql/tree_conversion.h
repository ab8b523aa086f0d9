#pragma once
// The engine's parse tree to ours, in two files: expressions, and the rest (parser.cc). Included by src/sql
// only.

#include <string>
#include <vector>

#include "duckdb.hpp"
#include "duckdb/parser/parsed_expression.hpp"
#include "duckdb/parser/query_node.hpp"
#include "duckdb/parser/result_modifier.hpp"
#include "duckdb/parser/tableref/pivotref.hpp"
#include "sql/syntax.h"

namespace anabranch::sql {

/// Thrown and caught inside of parse_select only, where the walk meets something that the platform does not
/// take.
struct NotTaken {
  std::string what;
  Position position;
};

Position position_of(const duckdb::optional_idx& location);
Position position_of(const duckdb::ParsedExpression& expr);

Expr convert(const duckdb::ParsedExpression& expr);
std::vector<Expr> convert_all(const duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>>& list);
std::vector<OrderItem> convert_order(const duckdb::vector<duckdb::OrderByNode>& orders);
Select convert(const duckdb::QueryNode& node);
TableRef convert_table(const duckdb::TableRef& ref);
Expr convert_unpivot(const duckdb::PivotRef& ref);

/// Counts the nodes of the statement that this thread converts: trees that are deep or large beyond reason
/// are not taken. One for each node, while what is below it is converted.
class Deeper {
 public:
  explicit Deeper(Position position);
  ~Deeper();
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;
  /// Before a statement.
  static void begin();
};

}  // namespace anabranch::sql
