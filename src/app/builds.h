#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/basis.h"
#include "app/changes.h"
#include "app/retention.h"
#include "app/running_project.h"
#include "app/stations.h"
#include "app/table_copying.h"
#include "base/result.h"
#include "batch/batch_engine.h"
#include "catalog/catalog.h"
#include "lake/manifest.h"
#include "views/world.h"

namespace anabranch::app {

/// Builds, from the line in the log to the handover: the line, the archive, the views, the manifest, the
/// tables for other readers, the handover. Nothing is visible before the manifest, and nothing undoes it
/// after (law L3). Owner: the platform.
class Builds {
 public:
  /// What a build is of.
  struct Order {
    std::vector<std::string> views;  // empty: all, under the newest basis
    std::string reason;
    std::shared_ptr<const views::World> world = nullptr;  // null: the one in force, or the newest for all
    std::shared_ptr<const project::Project> project = nullptr;  // that world's
    std::map<std::string, lake::ViewBuild> adopted =
        {};  // of earlier builds, that this world's views take over
  };

  /// All outlive it.
  Builds(Stations& stations, RunningProject& running, Changes& changes, Basis& basis, TableCopying& copying,
         Retention& retention)
      : stations_(stations),
        running_(running),
        changes_(changes),
        basis_(basis),
        copying_(copying),
        retention_(retention) {}

  /// Blocks until published; gives the build's id. Any thread; conflict while another change runs.
  Result<std::string> build(const std::vector<std::string>& views, const std::string& reason);
  /// For who has begun a change with the task's id and holds the lock of changes.
  Result<std::string> run(const Order& order, Task& task);
  /// A manifest of this world in which nothing is computed anew. Under the lock of changes.
  Result<lake::Manifest> publish_without_build(const views::World& world,
                                               const std::map<std::string, lake::ViewBuild>& adopted,
                                               const std::string& adopted_from);
  /// What other readers read is brought up to a manifest. A table that cannot be written is behind, and no
  /// more: it is written at the next start or build.
  void write_copies(const lake::Manifest& manifest);

 private:
  // A build on its way.
  struct Run {
    const Order& order;
    Task& task;
    bool is_full = false;  // of all views, under the newest basis
    bool is_late = false;  // ticks are behind what was durable when it was asked for
    std::vector<Error> left_out;
    std::shared_ptr<const views::World> world;
    batch::BuildJob job;
    batch::BuildResult result;
    lake::Manifest manifest;  // once published
  };

  Status check_views(const std::vector<std::string>& views) const;
  // The steps.
  Status draw_line(Run& run);
  Status begin(const Run& run);
  Status archive(Run& run);
  Status compute(Run& run);
  Status publish(Run& run);
  Status hand_over(Run& run);
  void take_back(const Run& run);
  catalog::BuildEnd published_end(const Run& run) const;
  catalog::BuildEnd failed_end(const Run& run, const Error& error) const;

  Result<bool> wait_for_durable(const Task& task);
  Status include(Run& run, lake::Manifest& manifest);

  Stations& stations_;
  RunningProject& running_;
  Changes& changes_;
  Basis& basis_;
  TableCopying& copying_;
  Retention& retention_;
};

/// Removes what a build that is not published has written for other readers. Any thread.
void remove_copies(lake::ObjectStore& store, const std::string& build_id);
/// What a manifest's own build could not compute.
std::vector<catalog::BuildWarning> warnings_of(const lake::Manifest& manifest);

}  // namespace anabranch::app
