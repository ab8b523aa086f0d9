#pragma once
// One file that a person wrote, as text with places in it.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "project/problem.h"

namespace anabranch::project {

struct SourceText {
  std::string file;  // relative to the project's root
  std::string text;  // UTF-8, without a byte order mark and NUL bytes

  /// Line and column of a byte of the text, both from 1; columns count characters.
  Place place_of(size_t byte) const;
  /// The same from a line and a column in bytes, both from 0, as yaml-cpp counts.
  Place place_at(int line, int column_bytes) const;
};

/// The bytes of a file as text. Reports the first byte that is not UTF-8 and returns nothing.
std::optional<SourceText> to_source_text(std::string file, std::string bytes, Problems& problems);

std::string without_byte_order_mark(std::string bytes);
/// Line number `line` (from 1) without its end; empty when there is none.
std::string_view line_of(std::string_view text, int line);
/// Bytes of the UTF-8 character that the text begins with; 0 when it is none.
size_t utf8_character_bytes(std::string_view text);

}  // namespace anabranch::project
