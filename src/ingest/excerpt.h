#pragma once
// How input is shown in the reasons of rejects.

#include <string>
#include <string_view>

namespace anabranch::ingest {

/// The beginning of a text, cut short, as one line of valid UTF-8.
std::string excerpt(std::string_view text);

/// Whether bytes are UTF-8 throughout.
bool is_utf8(std::string_view bytes);

}  // namespace anabranch::ingest
