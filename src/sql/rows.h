#pragma once
// What is inside sql::Rows. Included by src/sql only.

#include <memory>

#include "duckdb.hpp"
#include "model/relation_column.h"
#include "sql/database.h"

namespace anabranch::sql {

struct Rows::Impl {
  duckdb::unique_ptr<duckdb::MaterializedQueryResult> result;
  std::vector<model::RelationColumn> columns;

  explicit Impl(duckdb::unique_ptr<duckdb::MaterializedQueryResult> from);
};

/// Appends one value as JSON in the forms of docs/api.md.
void append_json_value(std::string& out, const duckdb::Value& value, Numbers numbers);

}  // namespace anabranch::sql
