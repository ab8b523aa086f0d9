#pragma once
// What the two sides of a link say to each other: messages, each a head of fixed size and a body. Nothing of
// it is believed before it was checked.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace anabranch::processes {

/// What is said of a call carries the number that its caller gave it.
enum class Kind : uint32_t {
  call = 1,  // by the caller; body: CallBody
  frame,     // to the caller: a piece of the answer
  credit,    // by the caller: it has taken a frame; no body
  result,    // to the caller: the last bytes of the answer
  error,     // to the caller: why there is no answer; body: an Error
  cancel,    // by the caller: it waits no longer; no body
  tell,      // one way; body: TellBody
  ping,      // asks for a pong with the same number; no body
  pong,      // says that whoever reads is alive; no body
};

struct Head {
  Kind kind = Kind::ping;
  uint64_t id = 0;
  uint64_t body_bytes = 0;
};

constexpr size_t head_bytes = 24;
constexpr size_t name_bytes_max = 256;  // of methods and topics
/// What a body may have beside the bytes of its sender.
constexpr size_t body_overhead_bytes = 1024;
constexpr int frames_ahead_most = 1024;

std::array<char, head_bytes> to_bytes(const Head& head);
/// corrupt: this is no head, or its body is larger than that.
Result<Head> head_from(std::string_view bytes, size_t body_bytes_max);

struct CallBody {
  int frames_ahead = 0;  // so many frames may be sent before the first credit
  std::string_view method;
  std::string_view request;
};
std::string to_bytes(const CallBody& body);
Result<CallBody> call_from(std::string_view bytes);

struct TellBody {
  std::string_view topic;
  std::string_view bytes;
};
std::string to_bytes(const TellBody& body);
Result<TellBody> tell_from(std::string_view bytes);

/// Whole: code (by its name), message, hint, place. At most so many bytes: longer texts are cut.
std::string to_bytes(const Error& error, size_t bytes_max);
/// corrupt: this is no error. A code that has no name here is internal.
Result<Error> error_from(std::string_view bytes);

}  // namespace anabranch::processes
