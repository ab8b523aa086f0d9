#pragma once

#include <vector>

#include "app/basis.h"
#include "app/changes.h"
#include "app/running_project.h"
#include "app/stations.h"
#include "app/tables.h"
#include "app/view_comparison.h"
#include "base/result.h"
#include "front/project_diff.h"
#include "speed/epoch.h"

namespace anabranch::app {

/// What a project's files would change, down to the rows of its views. Nothing is changed by finding it out.
/// Owner: the platform. Any thread.
class Diff {
 public:
  /// All outlive it.
  Diff(Stations& stations, RunningProject& running, Changes& changes, Basis& basis)
      : stations_(stations), running_(running), changes_(changes), basis_(basis) {}

  /// front::Builds::diff().
  Result<front::ProjectDiff> run(const front::DiffRequest& request);

 private:
  struct Side;
  Result<front::ProjectDiff> run_now(const front::DiffRequest& request, Task& task);
  Result<Side> load(ProjectTexts texts, bool is_sent);
  Result<Side> load_before(const front::DiffRequest& request);
  Result<Side> load_after(const front::DiffRequest& request);
  ViewComparison::Events choose(Side& before, Side& after, const speed::Epoch& epoch);
  void choose_streams(Side& side);
  void make_world(Side& side, const Tables::Chosen& tables);
  front::ProjectPlan plan_of(const Side& before, const Side& after, const speed::Epoch& epoch,
                             const model::Offsets& ends);
  static std::vector<front::ProjectDiff::View> changed_views(const Side& before, const Side& after,
                                                             const front::ProjectPlan& plan);

  Stations& stations_;
  RunningProject& running_;
  Changes& changes_;
  Basis& basis_;
};

}  // namespace anabranch::app
