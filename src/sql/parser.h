#pragma once
// SQL text to a tree, by DuckDB's parser. No database is touched. Any thread may call.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/syntax.h"

namespace anabranch::sql {

/// Exactly one SELECT (or VALUES, FROM …, WITH …, set operation). bad_sql with a place for a syntax error;
/// refused for other statements and for what the platform does not take (PIVOT without fixed columns,
/// SAMPLE, recursive CTEs, SHOW, AT).
Result<Select> parse_select(std::string_view text);

/// The name that the engine gives an item without an alias: the SQL of `last(id)`.
std::string output_name(const Expr& item);

/// How many texts parse_select has been given since the program began: for tests that count.
uint64_t statements_parsed();

/// Line and column of a byte position, counted from 1.
Place place_at(std::string_view text, Position position);

struct TableName {
  std::string schema;
  std::string name;
  Position position = -1;
};

/// The tables that a SELECT reads, its own CTEs left out, in order of appearance, each place once.
std::vector<TableName> table_names(const Select& select);

}  // namespace anabranch::sql
