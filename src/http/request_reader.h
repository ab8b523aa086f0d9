#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace anabranch::http {

/// A request's line and header fields, as they came.
struct RequestHead {
  std::string method;
  std::string target;
  Headers headers;
  bool is_http_1_0 = false;
  bool keep_alive = true;
  bool expects_continue = false;
  bool is_chunked = false;
  uint64_t content_length = 0;  // 0 when chunked
};

/// Parses one request from bytes as they arrive, in two steps: its header, then its body if that is chunked.
/// (A body with a Content-Length needs no parsing.) One thread. After an error it is of no more use.
class RequestReader {
 public:
  explicit RequestReader(size_t header_bytes_max);
  ~RequestReader();

  /// Takes bytes from the front of `bytes`; the head once it is whole. bad_input: not HTTP; too_large: past
  /// the limit.
  Result<std::optional<RequestHead>> read_head(std::string_view& bytes);
  /// Takes bytes from the front of `bytes` and appends what they say to `body`; true once the body is whole.
  Result<bool> read_chunks(std::string_view& bytes, std::string& body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace anabranch::http
