#include "app/changes.h"

#include <fmt/format.h>

namespace anabranch::app {

Status Changes::begin(const std::string& id, const std::string& stage) {
  Lock lock(state_);
  if (is_stopping_) return fail(Code::unavailable, "the server is stopping");
  if (running_)
    return fail(Code::conflict, fmt::format("build {} is running", running_->id),
                "wait until it is published");
  running_ = front::RunningBuild{id, stage, 0, 0, clock_.now_us()};
  return {};
}

void Changes::end() {
  Lock lock(state_);
  running_.reset();
}

std::optional<front::RunningBuild> Changes::running() const {
  Lock lock(state_);
  return running_;
}

void Changes::set_stage(const std::string& stage) {
  Lock lock(state_);
  if (running_) running_->stage = stage;
}

void Changes::set_progress(const batch::BuildProgress& progress) {
  {
    Lock lock(state_);
    if (running_) {
      running_->stage = progress.stage;
      running_->done = progress.done;
      running_->total = progress.total;
    }
  }
  if (on_progress_) on_progress_(progress);
}

void Changes::stop() {
  Lock lock(state_);
  is_stopping_ = true;
  stopping_.notify_all();
}

bool Changes::is_stopping() const {
  Lock lock(state_);
  return is_stopping_;
}

void Changes::wait_for_stop(std::chrono::milliseconds longest) {
  Lock lock(state_);
  if (!is_stopping_) lock.wait_for(stopping_, longest);
}

}  // namespace anabranch::app
