#pragma once

#include <memory>

#include "app/basis.h"
#include "app/builds.h"
#include "app/changes.h"
#include "app/project_snapshots.h"
#include "app/running_project.h"
#include "app/stations.h"
#include "app/table_copying.h"
#include "base/result.h"
#include "front/project_plan.h"

namespace anabranch::app {

/// A project that changes while it runs: its files are read again, compared with what runs, and taken over in
/// one step, or not at all. Owner: the platform. Any thread.
class Apply {
 public:
  /// All outlive it.
  Apply(Stations& stations, RunningProject& running, Changes& changes, Basis& basis, TableCopying& copying,
        Builds& builds)
      : stations_(stations),
        running_(running),
        changes_(changes),
        basis_(basis),
        copying_(copying),
        builds_(builds) {}

  /// front::Builds::apply().
  Result<front::ProjectPlan> run(const front::ApplyRequest& request);

 private:
  struct Candidate;
  Result<front::ProjectPlan> run_now(const front::ApplyRequest& request, Task& task);
  Result<Candidate> read_candidate(const front::ApplyRequest& request, ProjectSnapshots& snapshots);
  Status plan_streams(Candidate& candidate);
  Status open_new_streams(const Candidate& candidate);
  Status make_candidate_world(Candidate& candidate);
  Status find_builds(Candidate& candidate);
  Status copy_changed_tables(const Candidate& candidate, Task& task);
  Status change_schemas(Candidate& candidate);
  void take_back(const Candidate& candidate);
  Status swap(Candidate& candidate, front::ProjectPlan& plan, Task& task);
  void take_over(const Candidate& candidate, bool is_undo, ProjectSnapshots& snapshots);

  Stations& stations_;
  RunningProject& running_;
  Changes& changes_;
  Basis& basis_;
  TableCopying& copying_;
  Builds& builds_;
};

}  // namespace anabranch::app
