#include "processes/inbox.h"

#include <algorithm>
#include <cstring>

namespace anabranch::processes {

Result<Message> Inbox::next() {
  char head[head_bytes];
  TRY(take(head, head_bytes));
  Message message;
  message.head = TRY(head_from({head, head_bytes}, body_bytes_max_));
  if (message.head.body_bytes > 0) {
    // Not filled with zeros first: that would cost as much as reading them. (The size that the library hands
    // on may be larger than the one that was asked for.)
    const size_t size = message.head.body_bytes;
    message.body.resize_and_overwrite(size, [size](char*, size_t) { return size; });
    TRY(take(message.body.data(), message.body.size()));
  }
  return message;
}

Status Inbox::take(char* into, size_t size) {
  while (size > 0) {
    const size_t buffered = std::min(size, end_ - begin_);
    std::memcpy(into, buffer_.data() + begin_, buffered);
    begin_ += buffered;
    into += buffered;
    size -= buffered;
    if (size == 0) break;
    const bool is_direct = size >= buffer_.size();
    const size_t count =
        TRY(is_direct ? socket_.read(into, size) : socket_.read(buffer_.data(), buffer_.size()));
    if (count == 0) return fail(Code::unavailable, "the other process has gone");
    if (is_direct) {
      into += count;
      size -= count;
    } else {
      begin_ = 0;
      end_ = count;
    }
  }
  return {};
}

}  // namespace anabranch::processes
