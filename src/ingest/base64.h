#pragma once

#include <string>
#include <string_view>

namespace anabranch::ingest {

/// Appends the bytes that a base64 text (RFC 4648, with padding) stands for; false when it is none.
bool decode_base64(std::string_view text, std::string& out);

}  // namespace anabranch::ingest
