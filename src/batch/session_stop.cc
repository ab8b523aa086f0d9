#include "batch/session_stop.h"

#include <chrono>

namespace anabranch::batch {
namespace {

constexpr auto again_after = std::chrono::milliseconds(5);

}  // namespace

SessionStop::SessionStop(const std::stop_token& token) : token_(token) {
  if (!token_.stop_possible()) return;
  watcher_ = std::thread([this] { watch(); });
  callback_.emplace(token_, [this] { wake(); });
}

SessionStop::~SessionStop() {
  callback_.reset();
  {
    Lock lock(mutex_);
    is_over_ = true;
    changed_.notify_all();
  }
  if (watcher_.joinable()) watcher_.join();
}

Status SessionStop::check() const {
  if (token_.stop_requested()) return fail(Code::cancelled, "the build was stopped");
  return {};
}

void SessionStop::wake() {
  Lock lock(mutex_);
  changed_.notify_all();
}

void SessionStop::watch() {
  Lock lock(mutex_);
  while (!is_over_) {
    if (!token_.stop_requested()) {
      lock.wait(changed_);
      continue;
    }
    for (sql::Session* session : sessions_) session->interrupt();
    lock.wait_for(changed_, again_after);
  }
}

SessionStop::Watched::Watched(SessionStop& stop, sql::Session& session) : stop_(stop), session_(session) {
  Lock lock(stop_.mutex_);
  stop_.sessions_.insert(&session_);
}

SessionStop::Watched::~Watched() {
  Lock lock(stop_.mutex_);
  stop_.sessions_.erase(&session_);
}

}  // namespace anabranch::batch
