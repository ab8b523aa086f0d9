#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "batch/batch_engine.h"
#include "front/builds.h"
#include "io/clock.h"

namespace anabranch::app {

/// The turn of whoever changes what is in force, one at a time: a build, an apply or a drop begins and ends
/// here, and whatever touches builds, archives or handovers holds mutex() meanwhile. Any thread.
class Changes {
 public:
  explicit Changes(io::Clock& clock) : clock_(clock) {}

  /// conflict while another one runs, unavailable when stopping. `id` is the change's.
  Status begin(const std::string& id, const std::string& stage) EXCLUDES(state_);
  void end() EXCLUDES(state_);
  std::optional<front::RunningBuild> running() const EXCLUDES(state_);
  void set_stage(const std::string& stage) EXCLUDES(state_);
  void set_progress(const batch::BuildProgress& progress) EXCLUDES(state_);

  /// Held for a build, a handover or an archive.
  Mutex& mutex() { return mutex_; }

  /// Lets none begin, and ends all waits.
  void stop() EXCLUDES(state_);
  bool is_stopping() const EXCLUDES(state_);
  /// Until it is stopping, or this long.
  void wait_for_stop(std::chrono::milliseconds longest) EXCLUDES(state_);

  // Set before others come.
  void on_change(std::function<void()> listener) { on_change_ = std::move(listener); }
  void on_progress(std::function<void(const batch::BuildProgress&)> listener) {
    on_progress_ = std::move(listener);
  }
  /// Tells of a build that began or ended.
  void tell() const {
    if (on_change_) on_change_();
  }

 private:
  io::Clock& clock_;
  std::function<void()> on_change_;
  std::function<void(const batch::BuildProgress&)> on_progress_;
  Mutex mutex_;
  mutable Mutex state_;
  std::condition_variable stopping_;
  std::optional<front::RunningBuild> running_ GUARDED_BY(state_);
  bool is_stopping_ GUARDED_BY(state_) = false;
};

}  // namespace anabranch::app
