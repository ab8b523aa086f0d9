#pragma once

#include <optional>
#include <stop_token>

#include "base/mutex.h"
#include "batch/batch_engine.h"
#include "lake/object_store.h"

namespace anabranch::batch {

/// Builds in this process. No target can choose it: a build that takes all memory takes the server with it,
/// as one that makes the engine fail does. It is for tests that want a build and no child, or have a
/// lake that no other process can open. One build at a time; peak_memory_bytes stays 0, as the process has
/// more to do than to build.
class InProcessEngine final : public BatchEngine {
 public:
  explicit InProcessEngine(lake::ObjectStore& store) : store_(store) {}

  Result<BuildResult> run(const BuildJob& job,
                          const std::function<void(const BuildProgress&)>& on_progress) override
      EXCLUDES(mutex_);
  void stop() override EXCLUDES(mutex_);

 private:
  lake::ObjectStore& store_;
  Mutex mutex_;
  std::optional<std::stop_source> running_ GUARDED_BY(mutex_);
};

}  // namespace anabranch::batch
