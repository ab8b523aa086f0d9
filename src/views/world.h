#pragma once
// All views of a project under one basis: what a build computes and what the speed layer goes on with.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/relation_column.h"
#include "model/schema.h"
#include "sql/syntax.h"
#include "views/plan.h"
#include "views/relation.h"

namespace anabranch::views {

/// A version of a table as it lies in the lake.
struct PinnedTable {
  std::string name;  // "bronze.planes"
  int64_t version = 0;
  std::string file;  // Parquet, as SQL names it; its row order is the table's
  std::vector<model::RelationColumn>
      columns;  // the types that the table has; the file may hold others (see src/lake)
  int64_t rows = 0;
  bool is_in_place = false;  // too large for the engine's memory: read from its file each time
  bool operator==(const PinnedTable&) const = default;
};

/// A model as it is written.
struct ModelSource {
  std::string name;  // "gold.daily_traffic"
  std::string sql;
  std::string file;  // for errors
  bool is_materialized = true;
  std::shared_ptr<const sql::Select> select = nullptr;  // what `sql` was parsed to; null: it is parsed here
};

/// Immutable once made; shared between threads.
struct World {
  std::vector<Plan> plans;  // in the order of their dependencies
  Relations relations;
  std::map<std::string, model::Schema> schemas;     // by "bronze.<stream>": the pinned versions
  std::map<std::string, PinnedTable> tables;        // by "bronze.<table>": the pinned versions
  std::map<std::string, std::string> basis_hashes;  // by view: plan, table versions, schemas
  std::map<std::string, bool> materialized;
  /// Tables, streams and views that the project names and that cannot be read now, lower case, with why: a
  /// table that was never copied or whose file is damaged, and the views that read it. Not in to_json().
  std::map<std::string, Error> absent;

  const Plan* plan(std::string_view view) const;
  std::string to_json() const;
  static Result<World> from_json(std::string_view json);
};

/// Compiles all models, in the order of their dependencies, on several threads (0: one for each core); the
/// outcome does not depend on how many. `absent` are relations of which no more is known than their names,
/// and why: a model that reads one has that as its error. All mistakes are returned at once, each with its
/// file and place; a model with one is not in the world but among what is absent.
struct WorldResult {
  World world;
  std::vector<Error> errors;
};
WorldResult make_world(const std::vector<ModelSource>& models,
                       const std::map<std::string, model::Schema>& schemas,
                       const std::map<std::string, PinnedTable>& tables,
                       const std::map<std::string, Error>& absent, size_t threads = 0);

}  // namespace anabranch::views
