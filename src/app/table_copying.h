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
  /// Into `copied`, also what was copied before an error. The tables of a database are of one moment of it,
  /// and are there when all of them can be; the others come one by one. No build waits for it: until a
  /// version is there, it changes nothing.
  Status copy_tables(const std::vector<const project::TableFile*>& tables, Task& task,
                     std::vector<front::TableCopied>& copied);
  /// Hands over what was copied for views that waited for it, unless somebody holds the lock of changes: then
  /// that one does, by calling this when it is done.
  void repin_if_due();

 private:
  struct Underway;
  class Turn;
  /// One copy of a table at a time.
  Status copy_together(const std::vector<const project::TableFile*>& tables, Task& task,
                       std::vector<front::TableCopied>& copied) EXCLUDES(mutex_);
  Result<front::TableCopied> add_version(Underway& copy);
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
