#pragma once
// The table function behind a Feed. Included by src/sql only.

#include <memory>
#include <string>

#include "duckdb.hpp"
#include "sql/database.h"

namespace anabranch::sql {

/// Registers `name()` and `name(from, end)`. Throws the engine's exceptions.
void create_feed_function(duckdb::Connection& connection, const std::string& name,
                          const model::Schema& schema, std::shared_ptr<Feed> feed);

}  // namespace anabranch::sql
