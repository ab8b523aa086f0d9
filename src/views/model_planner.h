#pragma once
// The models of a project to plans, on several threads. Used by world.cc.

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "views/compiler.h"
#include "views/world.h"

namespace anabranch::views {

struct PlannedModel {
  std::shared_ptr<const CompiledView> view;  // null where it cannot be compiled now
  std::vector<Error> errors;                 // with file and place; none where a view below has the error
  std::vector<std::string> reads;            // other models, lower case
};

/// Plans each model once those before it that it reads are planned. Each thread has a compiler, and a
/// compiler knows of the other views no more than a model reads: so a plan does not depend on which thread
/// made it, nor when. For one call of run().
class ModelPlanner {
 public:
  /// All three outlive it.
  ModelPlanner(const std::vector<ModelSource>& models, const std::vector<Relation>& sources,
               const std::map<std::string, Error>& absent);

  /// In the order of the models. The error is one of the engine's start.
  Result<std::vector<PlannedModel>> run(size_t threads) EXCLUDES(mutex_);

 private:
  struct Model {
    std::shared_ptr<const sql::Select> select;  // null: it is no SELECT, and `outcome` says why
    std::vector<size_t> reads;                  // models
    std::vector<size_t> read_by;
    size_t waits_for = 0;
  };
  void read(size_t index);
  Result<Compiler> create_compiler() const;
  Status work() EXCLUDES(mutex_);
  void plan(size_t index, Compiler& compiler);

  const std::vector<ModelSource>& sources_;
  const std::vector<Relation>& relations_;
  const std::map<std::string, Error>& absent_;
  std::vector<Model> models_;  // `waits_for` under the mutex, the rest fixed before the threads start
  std::vector<PlannedModel>
      planned_;  // one is written by the thread that plans it, before others may read it

  Mutex mutex_;
  std::condition_variable changed_;
  std::set<size_t> ready_ GUARDED_BY(mutex_);
  size_t left_ GUARDED_BY(mutex_) = 0;
  std::optional<Error> failure_ GUARDED_BY(mutex_);
};

}  // namespace anabranch::views
