#pragma once
// The table function behind a Feed. Included by src/sql only.

#include <memory>
#include <string>

#include "duckdb.hpp"
#include "sql/database.h"

namespace anabranch::sql {

/// About as many rows as a step has. Without a guess the engine takes it for one row and builds the hash
/// tables of joins from the events, with all their columns, rather than from small tables. It is no upper
/// bound, so nothing rests on it.
inline constexpr duckdb::idx_t rows_guessed = 10'000;

/// Registers `name()` and `name(from, end)`. Throws the engine's exceptions.
void create_feed_function(duckdb::Connection& connection, const std::string& name,
                          const model::Schema& schema, std::shared_ptr<Feed> feed);

}  // namespace anabranch::sql
