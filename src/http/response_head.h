#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "http/message.h"
#include "io/clock.h"

namespace anabranch::http {

/// The status line and header of a response, up to and with the empty line. Line breaks in values become
/// spaces, so that no value can forge a header.
struct ResponseHead {
  const Response& response;
  std::optional<size_t> content_length;  // none: chunked, or until the connection closes
  bool is_chunked = false;
  bool keep_alive = true;
  bool is_http_1_0 = false;
  io::TimeUs now_us = 0;

  std::string text() const;
};

/// A part of a body whose length its head does not tell: as one chunk, or as it is for a client that knows
/// none.
std::string body_part(std::string bytes, bool is_http_1_0);
/// The end of a chunked body.
inline constexpr const char* last_chunk = "0\r\n\r\n";

}  // namespace anabranch::http
