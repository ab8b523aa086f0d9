#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/mutex.h"
#include "http/event_buffer.h"

namespace anabranch::http {

/// Between those who send server-sent events and the one connection that writes them. Any thread may call.
class EventOutbox {
 public:
  explicit EventOutbox(size_t bytes_max) : buffer_(bytes_max) {}

  enum class Push { refused, queued, wake };  // wake: the writer is idle, tell it
  Push push(std::string_view event, std::string_view data) {
    Lock lock(mutex_);
    if (is_closed_ || is_ending_) return Push::refused;
    buffer_.push(event, data);
    return std::exchange(is_awake_, true) ? Push::queued : Push::wake;
  }
  /// No more messages; those that wait are still written. True: the writer is idle, tell it.
  bool end() {
    Lock lock(mutex_);
    is_ending_ = true;
    return !std::exchange(is_awake_, true);
  }
  /// The connection has gone.
  void close() {
    Lock lock(mutex_);
    is_closed_ = true;
    (void)buffer_.take();
  }
  /// All messages that wait. "" puts the writer to rest until the next push() or end() wakes it; nothing
  /// means that the stream has ended.
  std::optional<std::string> take() {
    Lock lock(mutex_);
    if (buffer_.empty() && is_ending_) return std::nullopt;
    if (buffer_.empty()) is_awake_ = false;
    return buffer_.take();
  }
  bool is_open() const {
    Lock lock(mutex_);
    return !is_closed_ && !is_ending_;
  }
  uint64_t dropped() const {
    Lock lock(mutex_);
    return buffer_.dropped();
  }

 private:
  mutable Mutex mutex_;
  EventBuffer buffer_ GUARDED_BY(mutex_);
  bool is_awake_ GUARDED_BY(mutex_) = true;  // the writer looks here by itself when it begins
  bool is_ending_ GUARDED_BY(mutex_) = false;
  bool is_closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace anabranch::http
