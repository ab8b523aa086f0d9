#pragma once

#include <chrono>
#include <condition_variable>
#include <optional>
#include <string>
#include <utility>

#include "base/mutex.h"

namespace anabranch::http {

/// Between the one who makes a long body and the one connection that writes it: what the client has not taken
/// yet, bounded. Any thread may call; push() waits.
class BodyOutbox {
 public:
  /// A client that does not take so much in so long is given up, however often it takes a little: it holds
  /// whoever makes the body.
  BodyOutbox(size_t bytes_max, std::chrono::milliseconds wait_max)
      : bytes_max_(bytes_max), wait_max_(wait_max) {}

  enum class Push { refused, queued, wake };  // wake: the writer is idle, tell it
  /// Waits while so much waits for the client already. Refused: nobody takes it any more.
  Push push(std::string bytes) {
    Lock lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + wait_max_;
    while (!is_closed_ && waiting_.size() >= bytes_max_) {
      const auto left = deadline - std::chrono::steady_clock::now();
      if (left <= left.zero()) return Push::refused;
      lock.wait_for(taken_, left);
    }
    if (is_closed_) return Push::refused;
    if (waiting_.empty()) {
      waiting_ = std::move(bytes);
    } else {
      waiting_ += bytes;
    }
    return std::exchange(is_awake_, true) ? Push::queued : Push::wake;
  }
  /// No more is to come. Not whole: the client must not take it for all. True: the writer is idle, tell it.
  bool end(bool is_whole) {
    Lock lock(mutex_);
    if (is_ended_) return false;
    is_ended_ = true;
    is_whole_ = is_whole;
    return !std::exchange(is_awake_, true);
  }
  /// The connection has gone, or wants no body.
  void close() {
    Lock lock(mutex_);
    is_closed_ = true;
    waiting_ = {};
    taken_.notify_all();
  }

  struct Taken {
    std::string bytes;      // "": the writer rests until push() or end() wakes it
    bool is_ended = false;  // and nothing more comes
    bool is_whole = false;  // the end is that of the body
  };
  Taken take() {
    Lock lock(mutex_);
    Taken taken{std::exchange(waiting_, {}), is_ended_, is_whole_};
    if (taken.bytes.empty() && !is_ended_) is_awake_ = false;
    taken_.notify_all();
    return taken;
  }

 private:
  Mutex mutex_;
  std::condition_variable taken_;
  std::string waiting_ GUARDED_BY(mutex_);
  bool is_awake_ GUARDED_BY(mutex_) = true;  // the writer looks here by itself when it begins
  bool is_ended_ GUARDED_BY(mutex_) = false;
  bool is_whole_ GUARDED_BY(mutex_) = false;
  bool is_closed_ GUARDED_BY(mutex_) = false;
  const size_t bytes_max_;
  const std::chrono::milliseconds wait_max_;
};

}  // namespace anabranch::http
