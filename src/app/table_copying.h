#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "app/basis.h"
#include "app/changes.h"
#include "app/faults.h"
#include "app/running_project.h"
#include "app/stations.h"
#include "base/mutex.h"
#include "base/result.h"
#include "front/table_copies.h"
#include "project/project.h"

namespace anabranch::app {

/// Copies of tables: from the files of a source to a version, and to the views that waited for it. Owner: the
/// platform. Any thread.
class TableCopying {
 public:
  /// All outlive it.
  TableCopying(Stations& stations, RunningProject& running, Changes& changes, Basis& basis, Faults& faults)
      : stations_(stations), running_(running), changes_(changes), basis_(basis), faults_(faults) {}

  /// The tables of each source of the running project.
  std::map<std::string, std::vector<std::string>> sources() const;
  /// Of these sources of the running project, or of all. The first error ends it; tables that were copied
  /// before stay.
  Result<std::vector<front::TableCopied>> copy(const std::vector<std::string>& sources);
  /// One copy of a table at a time. No build waits for it: until its version is there, it changes nothing.
  Result<front::TableCopied> copy_table(const project::TableFile& table, Task& task) EXCLUDES(mutex_);
  /// Hands over what was copied for views that waited for it, unless somebody holds the lock of changes: then
  /// that one does, by calling this when it is done.
  void repin_if_due();

 private:
  Status repin_after_copy();

  Stations& stations_;
  RunningProject& running_;
  Changes& changes_;
  Basis& basis_;
  Faults& faults_;
  std::atomic<bool> is_repin_due_ = false;
  Mutex mutex_;
  std::set<std::string> copying_ GUARDED_BY(mutex_);  // tables
  std::condition_variable copy_ended_;
};

}  // namespace anabranch::app
