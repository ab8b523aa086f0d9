#include "processes/message.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/bytes.h"

namespace anabranch::processes {
namespace {

constexpr uint32_t mark = 0x314b4c41;  // "ALK1"

std::unexpected<Error> no_message(std::string_view what) {
  return fail(Code::corrupt, fmt::format("the other process sent what is no message ({})", what));
}

bool has_body(Kind kind) {
  return kind != Kind::credit && kind != Kind::cancel && kind != Kind::ping && kind != Kind::pong;
}

Code code_named(std::string_view name) {
  for (int i = 0; i < static_cast<int>(Code::internal); ++i) {
    if (to_string(static_cast<Code>(i)) == name) return static_cast<Code>(i);
  }
  return Code::internal;
}

}  // namespace

std::array<char, head_bytes> to_bytes(const Head& head) {
  const uint32_t kind = static_cast<uint32_t>(head.kind);
  std::array<char, head_bytes> bytes;
  std::memcpy(bytes.data(), &mark, 4);
  std::memcpy(bytes.data() + 4, &kind, 4);
  std::memcpy(bytes.data() + 8, &head.id, 8);
  std::memcpy(bytes.data() + 16, &head.body_bytes, 8);
  return bytes;
}

Result<Head> head_from(std::string_view bytes, size_t body_bytes_max) {
  ByteReader reader(bytes);
  if (reader.get<uint32_t>() != mark) return no_message("it does not begin like one");
  const auto kind = reader.get<uint32_t>();
  if (kind < static_cast<uint32_t>(Kind::call) || kind > static_cast<uint32_t>(Kind::pong))
    return no_message("of a kind that there is not");
  Head head{.kind = static_cast<Kind>(kind)};
  head.id = reader.get<uint64_t>();
  head.body_bytes = reader.get<uint64_t>();
  if (!reader.ok()) return no_message("it is too short");
  if (head.body_bytes > (has_body(head.kind) ? body_bytes_max : 0)) return no_message("it is too long");
  return head;
}

std::string to_bytes(const CallBody& body) {
  std::string bytes;
  bytes.reserve(8 + body.method.size() + body.request.size());
  put(bytes, static_cast<uint32_t>(body.frames_ahead));
  put_bytes(bytes, body.method);
  bytes += body.request;
  return bytes;
}

Result<CallBody> call_from(std::string_view bytes) {
  ByteReader reader(bytes);
  const auto frames_ahead = reader.get<uint32_t>();
  CallBody body{.method = reader.get_bytes()};
  body.request = reader.rest();
  if (!reader.ok() || body.method.size() > name_bytes_max || frames_ahead < 1 ||
      frames_ahead > static_cast<uint32_t>(frames_ahead_most))
    return no_message("a call that is none");
  body.frames_ahead = static_cast<int>(frames_ahead);
  return body;
}

std::string to_bytes(const TellBody& body) {
  std::string bytes;
  bytes.reserve(4 + body.topic.size() + body.bytes.size());
  put_bytes(bytes, body.topic);
  bytes += body.bytes;
  return bytes;
}

Result<TellBody> tell_from(std::string_view bytes) {
  ByteReader reader(bytes);
  TellBody body{.topic = reader.get_bytes()};
  body.bytes = reader.rest();
  if (!reader.ok() || body.topic.size() > name_bytes_max) return no_message("a tell that is none");
  return body;
}

std::string to_bytes(const Error& error, size_t bytes_max) {
  size_t left = bytes_max;
  std::string bytes;
  const auto add = [&](std::string_view text) {
    const std::string_view kept = text.substr(0, left);
    put_bytes(bytes, kept);
    left -= kept.size();
  };
  add(to_string(error.code));
  add(error.message);
  add(error.hint);
  put(bytes, static_cast<uint8_t>(error.place.has_value()));
  if (error.place) {
    add(error.place->file);
    put(bytes, static_cast<int32_t>(error.place->line));
    put(bytes, static_cast<int32_t>(error.place->column));
  }
  return bytes;
}

Result<Error> error_from(std::string_view bytes) {
  ByteReader reader(bytes);
  Error error{.code = code_named(reader.get_bytes())};
  error.message = reader.get_bytes();
  error.hint = reader.get_bytes();
  const auto has_place = reader.get<uint8_t>();
  if (has_place == 1) {
    Place& place = error.place.emplace();
    place.file = reader.get_bytes();
    place.line = reader.get<int32_t>();
    place.column = reader.get<int32_t>();
  }
  if (!reader.ok() || has_place > 1 || !reader.rest().empty()) return no_message("an error that is none");
  return error;
}

}  // namespace anabranch::processes
