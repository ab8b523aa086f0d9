#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/tasks.h"
#include "base/result.h"
#include "front/project_diff.h"
#include "history/history.h"
#include "lake/object_store.h"
#include "model/offsets.h"
#include "speed/epoch.h"
#include "sql/database.h"
#include "sql/function_names.h"
#include "views/world.h"

namespace anabranch::app {

/// What two worlds make of the same events: each view is computed from its first event on, under the one and
/// under the other, and the rows are compared as multisets. In an engine of its own that goes with it, with
/// its own limit of memory: what else runs is not disturbed, and nothing is written. Doubles count as equal
/// when their first ten digits are (of FLOAT six). One thread.
class ViewComparison {
 public:
  struct Options {
    uint64_t memory_bytes_max = 0;
    std::vector<io::Path> folders;      // where events lie that the lake has not
    lake::ObjectStore* lake = nullptr;  // where the others lie, and tables
    size_t sample_max = 5;
  };
  /// The events that both see.
  struct Events {
    std::vector<history::Stream> streams;              // a stream that is not among them has none
    std::map<std::string, history::Archive> archives;  // by "bronze.<stream>"
    model::Offsets ends;
  };
  /// A schema that only one of both worlds has, has a version that only that one has.
  static Result<std::unique_ptr<ViewComparison>> create(const Options& options, Events events,
                                                        std::shared_ptr<const views::World> before,
                                                        std::shared_ptr<const views::World> after);

  /// Fills in what is to be said of a view's columns and rows; its name is given. What makes that impossible
  /// stands in not_compared. The error of the task when it has to end.
  Status compare(front::ProjectDiff::View& view, Task& task);

 private:
  // One world, as an epoch in which nothing is built.
  struct Side {
    speed::Epoch epoch;
    std::map<std::string, sql::Query> streams;
    const views::World& world() const { return *epoch.world; }
  };

  ViewComparison(const Options& options, Events events, std::unique_ptr<sql::Database> database,
                 sql::Session session);
  Status prepare(Side& side, std::shared_ptr<const views::World> world);
  Result<sql::Query> rows_of(Side& side, const views::Plan& plan);
  Result<sql::Query> events_of(Side& side, const std::string& stream);
  Status load_table(Side& side, const views::PinnedTable& table);
  Result<sql::Rows> run(const sql::Query& query);
  Status count(front::ProjectDiff::View& view, const views::Plan* before, const views::Plan* after);

  const Options options_;
  const Events events_;
  std::unique_ptr<sql::Database> database_;
  history::History history_;
  sql::Session session_;
  sql::FunctionNames functions_;
  Side before_;
  Side after_;
};

}  // namespace anabranch::app
