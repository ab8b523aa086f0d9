#pragma once

#include <condition_variable>
#include <optional>
#include <thread>

#include "app/platform.h"
#include "app/project_snapshots.h"
#include "base/mutex.h"

namespace anabranch::app {

/// Applies the project's files to a running platform when it is asked to, and, when it watches, each time
/// that they were saved: once they stayed the same for a moment, and only once for each state of them. What
/// comes of it is printed. Owner: `up`; a thread of its own.
class ProjectWatch {
 public:
  ProjectWatch(Platform& platform, bool watches);
  /// Waits for the apply that runs: stop the platform first.
  ~ProjectWatch();

  /// Any thread.
  void ask() EXCLUDES(mutex_);

 private:
  void run();
  void look();
  void apply();

  Platform& platform_;
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
