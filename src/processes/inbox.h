#pragma once

#include <string>
#include <vector>

#include "io/socket.h"
#include "processes/message.h"

namespace anabranch::processes {

struct Message {
  Head head;
  std::string body;
};

/// The messages that come over a socket. One thread at a time.
class Inbox {
 public:
  Inbox(io::Socket& socket, size_t body_bytes_max)
      : socket_(socket), body_bytes_max_(body_bytes_max), buffer_(buffer_bytes) {}

  /// Waits for the next one. unavailable: the other side has ended. corrupt: it sent what is no message.
  Result<Message> next();

 private:
  static constexpr size_t buffer_bytes = 65536;

  // Puts so many bytes there: from the buffer, and what is large straight from the socket.
  Status take(char* into, size_t size);

  io::Socket& socket_;
  const size_t body_bytes_max_;
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace anabranch::processes
