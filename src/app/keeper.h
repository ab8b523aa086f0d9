#pragma once

#include <cstdint>
#include <thread>

#include "app/basis.h"
#include "app/builds.h"
#include "app/changes.h"
#include "app/retention.h"
#include "app/running_project.h"
#include "app/stations.h"
#include "app/table_copying.h"

namespace anabranch::app {

/// What a server does by itself: archives what has come, starts a build when there is too much after the last
/// one, and deletes what is no longer needed. Owner: the platform; a thread of its own from the constructor
/// to the destructor, which waits for what it is doing. Changes::stop() comes before.
class Keeper {
 public:
  /// All outlive it, and work already.
  Keeper(Stations& stations, RunningProject& running, Changes& changes, Basis& basis, TableCopying& copying,
         Retention& retention, Builds& builds);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

 private:
  void run();
  bool is_build_due() const;
  void build();
  void tidy();
  void archive();
  int64_t unarchived_events() const;

  Stations& stations_;
  RunningProject& running_;
  Changes& changes_;
  Basis& basis_;
  TableCopying& copying_;
  Retention& retention_;
  Builds& builds_;
  // Of the thread alone.
  int64_t tidy_after_us_ = 0;
  int64_t archive_after_us_ = 0;
  int64_t archive_wait_us_ = 0;  // after a failure; longer after each that follows
  std::thread thread_;
};

}  // namespace anabranch::app
