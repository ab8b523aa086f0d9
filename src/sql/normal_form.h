#pragma once
// Statements in the engine's parse tree, compared. Included by src/sql only.

#include "duckdb.hpp"
#include "duckdb/parser/query_node.hpp"
#include "duckdb/parser/statement/select_statement.hpp"

namespace anabranch::sql {

/// The parser makes some casts of its own (INTERVAL 3 DAY), whose types are bound already; those that it
/// reads are names. Both mean the same: this gives the name.
duckdb::LogicalType named_type(const duckdb::LogicalType& type);

/// Brings what the parser has two forms of into one.
void normalise(duckdb::QueryNode& node);

/// Whether a text is this statement, which is in its normal form.
bool is_same_statement(const std::string& text, const duckdb::SelectStatement& written);

}  // namespace anabranch::sql
