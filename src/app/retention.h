#pragma once

#include <cstdint>
#include <vector>

#include "app/basis.h"
#include "app/faults.h"
#include "app/running_project.h"
#include "app/stations.h"
#include "base/mutex.h"
#include "base/result.h"
#include "front/builds.h"
#include "lake/manifest.h"
#include "project/project.h"

namespace anabranch::app {

/// What a project's data is deleted of, and when: `retention:` in anabranch.yml. No answer depends on it:
/// nothing goes that a kept build names or that somebody reads. Owner: the platform.
class Retention {
 public:
  /// All outlive it.
  Retention(Stations& stations, RunningProject& running, Basis& basis, Faults& faults)
      : stations_(stations), running_(running), basis_(basis), faults_(faults) {}

  /// Under the lock of changes: nobody builds, archives or hands over meanwhile. What cannot be deleted is a
  /// fault, and tried again by the next one.
  void tidy();
  /// States that none of these manifests names: a project may go back to those that one does. Under the lock
  /// of changes, or before anything runs.
  Status remove_old_builds(const std::vector<lake::Manifest>& manifests);
  /// What the data folder takes, as it was within the last ten seconds. Any thread.
  front::Storage storage() EXCLUDES(mutex_);

 private:
  Status tidy_tables(const std::vector<lake::Manifest>& manifests, const project::Retention& keep,
                     int64_t removed_after_ms);
  Status tidy_archive(int64_t removed_after_ms);
  Status tidy_logs(const project::Retention& keep, int64_t now_us);

  Stations& stations_;
  RunningProject& running_;
  Basis& basis_;
  Faults& faults_;
  Mutex mutex_;
  front::Storage storage_ GUARDED_BY(mutex_);
  int64_t looked_at_storage_us_ GUARDED_BY(mutex_) = 0;
};

}  // namespace anabranch::app
