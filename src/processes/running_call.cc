#include "processes/running_call.h"

#include <algorithm>
#include <chrono>

#include "io/clock.h"

namespace anabranch::processes {
namespace {

constexpr int64_t look_every_us = 50'000;

}  // namespace

std::optional<Error> OutgoingCall::Wait::over() const {
  if (cancelled && cancelled->load()) return Error{Code::cancelled, "the call was cancelled", {}, {}};
  if (deadline_us != 0 && io::system_clock().monotonic_us() >= deadline_us)
    return Error{Code::timeout, "the other process did not answer in time", {}, {}};
  return std::nullopt;
}

bool OutgoingCall::add_frame(std::string bytes) {
  {
    Lock lock(mutex_);
    if (untaken_ >= frames_ahead_) return false;
    ++untaken_;
    frames_.push_back(std::move(bytes));
  }
  changed_.notify_one();
  return true;
}

void OutgoingCall::answer(Result<std::string> answer) {
  {
    Lock lock(mutex_);
    if (answer_) return;
    answer_ = std::move(answer);
  }
  changed_.notify_one();
}

std::optional<Result<std::string>> OutgoingCall::wait(uint64_t id, const Wait& wait, Outbox& outbox,
                                                      Error& why) {
  while (true) {
    std::string frame;
    {
      Lock lock(mutex_);
      while (true) {
        if (auto over = wait.over()) {
          why = std::move(*over);
          return std::nullopt;
        }
        if (!frames_.empty()) break;
        if (answer_) return std::move(answer_);
        if (!wait.cancelled && wait.deadline_us == 0) {
          lock.wait(changed_);
          continue;
        }
        int64_t left_us = wait.cancelled ? look_every_us : INT64_MAX;
        if (wait.deadline_us != 0)
          left_us = std::min(left_us, wait.deadline_us - io::system_clock().monotonic_us());
        lock.wait_for(changed_, std::chrono::microseconds(std::max<int64_t>(left_us, 1)));
      }
      frame = std::move(frames_.front());
      frames_.pop_front();
    }
    if (wait.sink) {
      if (auto taken = wait.sink->frame(std::move(frame)); !taken) {
        why = std::move(taken).error();
        return std::nullopt;
      }
    }
    {
      Lock lock(mutex_);
      --untaken_;
    }
    outbox.put_now(Kind::credit, id);
  }
}

Result<std::shared_ptr<HandledCall>> HandledCall::from(uint64_t id, std::string body, Outbox& outbox,
                                                       size_t frame_bytes_max) {
  std::shared_ptr<HandledCall> call(new HandledCall(id, std::move(body), outbox, frame_bytes_max));
  call->parts_ = TRY(call_from(call->body_));
  Lock lock(call->mutex_);
  call->credit_ = call->parts_.frames_ahead;
  return call;
}

Status HandledCall::send(std::string frame) {
  if (frame.size() > frame_bytes_max_)
    return fail(Code::too_large, "a part of an answer is too large to be sent");
  const auto nobody = [] { return fail(Code::cancelled, "nobody waits for the answer any more"); };
  {
    Lock lock(mutex_);
    while (credit_ == 0 && !cancelled_->load()) lock.wait(changed_);
    if (cancelled_->load()) return nobody();
    --credit_;
  }
  if (!outbox_.put(Kind::frame, id_, std::move(frame), [&] { return cancelled_->load(); })) return nobody();
  return {};
}

void HandledCall::cancel() {
  {
    Lock lock(mutex_);
    cancelled_->store(true);
  }
  changed_.notify_all();
}

bool HandledCall::add_credit() {
  {
    Lock lock(mutex_);
    if (credit_ >= parts_.frames_ahead) return false;
    ++credit_;
  }
  changed_.notify_all();
  return true;
}

}  // namespace anabranch::processes
