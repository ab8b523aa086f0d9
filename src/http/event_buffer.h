#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace anabranch::http {

/// Server-sent messages that wait for a slow client. Bounded: past the limit, older messages of the same
/// event go first, then the oldest of all; the latest one always stays, whatever its size. One thread at a
/// time.
class EventBuffer {
 public:
  explicit EventBuffer(size_t bytes_max) : bytes_max_(bytes_max) {}

  void push(std::string_view event, std::string_view data);
  /// All that waits, in the form of text/event-stream; nothing waits afterwards.
  std::string take();
  bool empty() const { return messages_.empty(); }
  size_t bytes() const { return bytes_; }
  uint64_t dropped() const { return dropped_; }

 private:
  struct Message {
    std::string event;
    std::string text;
  };

  const size_t bytes_max_;
  std::deque<Message> messages_;
  size_t bytes_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace anabranch::http
