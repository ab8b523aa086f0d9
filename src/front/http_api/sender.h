#pragma once
// What a client says of itself so that a request which it sends twice is carried out once: docs/api.md.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "ingest/ingestor.h"

namespace anabranch::front::http_api {

/// The header Idempotency-Key, or X-Producer-Id with X-Sequence; nothing when there is neither. bad_input
/// says which is wrong.
Result<std::optional<ingest::Sender>> sender_of(const http::Headers& headers);

/// The key of a request that no producer numbers. bad_input when a producer does.
Result<std::optional<std::string>> key_of(const http::Headers& headers);

/// A text that may be a producer's id or a key: 1 to 255 visible ASCII characters. `what` names it in the
/// error.
Result<std::string> sender_id(std::string_view what, std::string_view text);

}  // namespace anabranch::front::http_api
