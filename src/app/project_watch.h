#pragma once

#include <condition_variable>
#include <optional>
#include <thread>

#include "app/project_snapshots.h"
#include "base/mutex.h"
#include "front/builds.h"
#include "io/file_system.h"

namespace anabranch::app {

/// Applies the project's files to what runs when it is asked to, and, when it watches, each time
/// that they were saved: once they stayed the same for a moment, and only once for each state of them. What
/// comes of it is printed. Owner: `up`; a thread of its own.
class ProjectWatch {
 public:
  /// `builds`: of what runs; outlives it. `root`: where the project lies.
  ProjectWatch(front::Builds& builds, io::Path root, bool watches);
  /// Waits for the apply that runs: end that first.
  ~ProjectWatch();

  /// Any thread.
  void ask() EXCLUDES(mutex_);

 private:
  void run();
  void look();
  void apply();

  front::Builds& builds_;
  const io::Path root_;
  const bool watches_;
  ProjectTexts seen_;
  ProjectTexts tried_;
  Mutex mutex_;
  std::condition_variable changed_;
  bool is_asked_ GUARDED_BY(mutex_) = false;
  bool is_over_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace anabranch::app
