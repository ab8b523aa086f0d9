#pragma once
// How the engine learns what relations of a Query mean. Included by src/sql only.

#include <memory>

#include "duckdb.hpp"
#include "sql/query.h"

namespace anabranch::sql {

/// Lets connections of a database ask for relations: to be called once for its configuration.
void add_relation_scan(duckdb::DBConfig& config);

/// While it lives, the relations of this query have their meaning on this connection. One at a time; the
/// query outlives it.
class RelationScope {
 public:
  RelationScope(duckdb::ClientContext& context, const Query& query);
  ~RelationScope();
  RelationScope(const RelationScope&) = delete;
  RelationScope& operator=(const RelationScope&) = delete;

 private:
  duckdb::ClientContext& context_;
};

}  // namespace anabranch::sql
