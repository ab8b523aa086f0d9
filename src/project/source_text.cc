#include "project/source_text.h"

#include <algorithm>

#include <fmt/format.h>

namespace anabranch::project {
namespace {

int characters_in(std::string_view text) {
  return static_cast<int>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

Place SourceText::place_of(size_t byte) const {
  const std::string_view before = std::string_view(text).substr(0, byte);
  const size_t line_begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return {file, 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n')),
          1 + characters_in(before.substr(line_begin))};
}

Place SourceText::place_at(int line, int column_bytes) const {
  const std::string_view whole = line_of(text, line + 1);
  return {file, line + 1, 1 + characters_in(whole.substr(0, static_cast<size_t>(column_bytes)))};
}

std::optional<SourceText> to_source_text(std::string file, std::string bytes, Problems& problems) {
  SourceText source{std::move(file), without_byte_order_mark(std::move(bytes))};
  for (size_t at = 0; at < source.text.size();) {
    const size_t length = utf8_character_bytes(std::string_view(source.text).substr(at));
    if (length == 0 || source.text[at] == '\0') {
      problems.error(
          source.place_of(at),
          fmt::format("byte 0x{:02x} is not UTF-8 text", static_cast<unsigned char>(source.text[at])),
          "save the file as UTF-8");
      return std::nullopt;
    }
    at += length;
  }
  return source;
}

std::string without_byte_order_mark(std::string bytes) {
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.erase(0, 3);
  return bytes;
}

std::string_view line_of(std::string_view text, int line) {
  for (int i = 1; i < line; ++i) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

size_t utf8_character_bytes(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xc2 && first < 0xe0   ? 2
                        : first >= 0xe0 && first < 0xf0 ? 3
                        : first >= 0xf0 && first < 0xf5 ? 4
                                                        : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and what lies past the last code point.
  if (first == 0xe0 && byte(1) < 0xa0) return 0;
  if (first == 0xed && byte(1) >= 0xa0) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) >= 0x90) return 0;
  return length;
}

}  // namespace anabranch::project
