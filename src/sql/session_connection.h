#pragma once
// The engine's connection behind a session. Included by src/sql only.

#include "duckdb.hpp"
#include "sql/database.h"

namespace anabranch::sql {

struct SessionConnection {
  static duckdb::Connection& of(Session& session);
};

/// The one statement of a text; refused for more of them.
Result<duckdb::unique_ptr<duckdb::SQLStatement>> only_statement(duckdb::Connection& connection,
                                                                const std::string& text);

}  // namespace anabranch::sql
