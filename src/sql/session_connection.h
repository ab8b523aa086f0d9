#pragma once
// The engine's connection behind a session. Included by src/sql only.

#include "duckdb.hpp"
#include "sql/database.h"

namespace anabranch::sql {

struct SessionConnection {
  static duckdb::Connection& of(Session& session);
};

}  // namespace anabranch::sql
