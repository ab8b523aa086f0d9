#include "batch/in_process_engine.h"

#include "batch/builder.h"

namespace anabranch::batch {

Result<BuildResult> InProcessEngine::run(const BuildJob& job,
                                         const std::function<void(const BuildProgress&)>& on_progress) {
  const std::stop_source stop;
  {
    Lock lock(mutex_);
    running_ = stop;
  }
  auto built = run_build(job, store_, on_progress, stop.get_token());
  Lock lock(mutex_);
  running_.reset();
  return built;
}

void InProcessEngine::stop() {
  std::optional<std::stop_source> running;
  {
    Lock lock(mutex_);
    running = running_;
  }
  if (running) running->request_stop();
}

}  // namespace anabranch::batch
