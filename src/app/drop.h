#pragma once

#include <set>
#include <string>
#include <vector>

#include "app/basis.h"
#include "app/changes.h"
#include "app/faults.h"
#include "app/retention.h"
#include "app/running_project.h"
#include "app/stations.h"
#include "app/table_copying.h"
#include "base/result.h"
#include "front/project_drop.h"

namespace anabranch::app {

/// Data of what the project no longer has, removed for ever. Owner: the platform. Any thread.
class Drop {
 public:
  /// All outlive it.
  Drop(Stations& stations, RunningProject& running, Changes& changes, Basis& basis, TableCopying& copying,
       Retention& retention, Faults& faults)
      : stations_(stations),
        running_(running),
        changes_(changes),
        basis_(basis),
        copying_(copying),
        retention_(retention),
        faults_(faults) {}

  /// front::Builds::drop().
  Result<front::ProjectDrop> run(const front::DropRequest& request);

 private:
  Result<front::ProjectDrop> run_now(const front::DropRequest& request, Task& task);
  Result<std::vector<front::Droppable>> find_droppable(const std::vector<std::string>& names);
  void describe_droppable(std::vector<front::Droppable>& items);
  Status forget_in_manifests(const std::vector<front::Droppable>& items);
  Status forget_verdicts();
  Status wait_for_readers(const std::set<std::string>& names, const Task& task);
  Status close_stream(const std::string& name);

  Stations& stations_;
  RunningProject& running_;
  Changes& changes_;
  Basis& basis_;
  TableCopying& copying_;
  Retention& retention_;
  Faults& faults_;
};

}  // namespace anabranch::app
