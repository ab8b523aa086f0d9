#pragma once
// Calls that run: those of ours, and those of the other side.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "processes/link.h"
#include "processes/message.h"
#include "processes/outbox.h"

namespace anabranch::processes {

/// A call of ours that waits for its answer.
class OutgoingCall {
 public:
  struct Wait {
    FrameSink* sink = nullptr;
    std::shared_ptr<const std::atomic<bool>> cancelled;
    int64_t deadline_us = 0;  // by the system's monotonic clock; 0: none

    /// Why nobody waits any more; nothing while somebody does.
    std::optional<Error> over() const;
  };

  explicit OutgoingCall(int frames_ahead) : frames_ahead_(frames_ahead) {}

  /// By the reading thread. False: there are more of them than were asked for.
  bool add_frame(std::string bytes) EXCLUDES(mutex_);
  void answer(Result<std::string> answer) EXCLUDES(mutex_);

  /// By the caller: the answer, after all frames that came before it went to the sink. Nothing: the caller
  /// waits no longer, because of `why`.
  std::optional<Result<std::string>> wait(uint64_t id, const Wait& wait, Outbox& outbox, Error& why)
      EXCLUDES(mutex_);

 private:
  const int frames_ahead_;
  Mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> frames_ GUARDED_BY(mutex_);
  int untaken_ GUARDED_BY(mutex_) = 0;  // frames that came and have no credit yet
  std::optional<Result<std::string>> answer_ GUARDED_BY(mutex_);
};

/// A call of the other side.
class HandledCall final : public IncomingCall {
 public:
  /// corrupt: the body is that of no call.
  static Result<std::shared_ptr<HandledCall>> from(uint64_t id, std::string body, Outbox& outbox,
                                                   size_t frame_bytes_max);

  uint64_t id() const { return id_; }
  std::string_view method() const override { return parts_.method; }
  std::string_view request() const override { return parts_.request; }
  std::shared_ptr<const std::atomic<bool>> cancelled() const override { return cancelled_; }
  Status send(std::string frame) override EXCLUDES(mutex_);

  void cancel() EXCLUDES(mutex_);
  /// By the reading thread. False: more than there were frames.
  bool add_credit() EXCLUDES(mutex_);

 private:
  HandledCall(uint64_t id, std::string body, Outbox& outbox, size_t frame_bytes_max)
      : id_(id), body_(std::move(body)), outbox_(outbox), frame_bytes_max_(frame_bytes_max) {}

  const uint64_t id_;
  const std::string body_;
  CallBody parts_;  // of body_
  Outbox& outbox_;
  const size_t frame_bytes_max_;
  const std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  Mutex mutex_;
  std::condition_variable changed_;
  int credit_ GUARDED_BY(mutex_) = 0;
};

}  // namespace anabranch::processes
