#include "ingest/excerpt.h"

#include <simdjson.h>

namespace anabranch::ingest {

std::string excerpt(std::string_view text) {
  constexpr size_t bytes_max = 60;
  const bool is_cut = text.size() > bytes_max;
  if (is_cut) {
    size_t end = bytes_max;
    while (end > bytes_max - 4 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text = text.substr(0, end);
  }
  const bool is_valid = simdjson::validate_utf8(text);
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    shown += byte == '\n' || byte == '\r' || byte == '\t' ? ' '
             : byte < 0x20 || (!is_valid && byte >= 0x7f) ? '?'
                                                          : c;
  }
  if (is_cut) shown += "…";
  return shown;
}

bool is_utf8(std::string_view bytes) { return simdjson::validate_utf8(bytes); }

}  // namespace anabranch::ingest
