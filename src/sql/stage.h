#pragma once

#include <memory>

#include "duckdb.hpp"
#include "sql/database.h"

namespace anabranch::sql {

struct Stage::Impl {
  duckdb::vector<std::string> names;
  duckdb::vector<duckdb::LogicalType> types;
  duckdb::vector<duckdb::unique_ptr<duckdb::DataChunk>> chunks;
};

/// Makes `name()` a table function that gives the rows of a stage. Like feeds it has no statistics.
void create_stage_function(duckdb::Connection& connection, const std::string& name,
                           std::shared_ptr<Stage> stage);

}  // namespace anabranch::sql
