#include "sql/engine_error.h"

#include <cstdlib>
#include <optional>
#include <string>

#include "duckdb.hpp"
#include "duckdb/common/error_data.hpp"
#include "sql/parser.h"

namespace anabranch::sql {
namespace {

Code code_of(duckdb::ExceptionType type, Code by_default) {
  using duckdb::ExceptionType;
  switch (type) {
    case ExceptionType::PARSER:
    case ExceptionType::SYNTAX:
    case ExceptionType::BINDER:
    case ExceptionType::CATALOG:
    case ExceptionType::CONVERSION:
    case ExceptionType::OUT_OF_RANGE:
    case ExceptionType::MISMATCH_TYPE:
    case ExceptionType::DIVIDE_BY_ZERO:
    case ExceptionType::EXPRESSION:
    case ExceptionType::INVALID_TYPE:
    case ExceptionType::DECIMAL:
    case ExceptionType::INVALID_INPUT:
    case ExceptionType::NOT_IMPLEMENTED:
      return Code::bad_sql;
    case ExceptionType::PERMISSION:
      return Code::refused;
    case ExceptionType::INTERRUPT:
      return Code::cancelled;
    case ExceptionType::OUT_OF_MEMORY:
      return Code::too_large;
    case ExceptionType::IO:
      return Code::io;
    case ExceptionType::INTERNAL:
    case ExceptionType::FATAL:
      return Code::internal;
    default:
      return by_default;
  }
}

// The engine draws the place under its message: "\n\nLINE 2: <the line>\n        ^". Long lines are cut at
// both ends and then begin with "...". We take the drawing off and say the place in numbers.
std::optional<Place> take_drawing(std::string& message, std::string_view text) {
  const size_t at = message.find("\n\nLINE ");
  if (at == std::string::npos) return std::nullopt;
  const std::string drawing = message.substr(at + 2);
  message.resize(at);
  const size_t colon = drawing.find(": ");
  const size_t newline = drawing.find('\n');
  const size_t caret = drawing.find('^', newline == std::string::npos ? 0 : newline);
  if (colon == std::string::npos || newline == std::string::npos || caret == std::string::npos)
    return std::nullopt;
  Place place;
  place.line = std::atoi(drawing.c_str() + 5);
  std::string shown = drawing.substr(colon + 2, newline - colon - 2);
  int in_shown = static_cast<int>(caret - newline - 1) - static_cast<int>(colon + 2);
  if (shown.starts_with("...")) {
    shown.erase(0, 3);
    if (shown.ends_with("...")) shown.resize(shown.size() - 3);
    in_shown -= 3;
    size_t begin = 0;
    for (int line = 1; line < place.line && begin != std::string_view::npos; ++line) {
      begin = text.find('\n', begin);
      if (begin != std::string_view::npos) ++begin;
    }
    if (begin == std::string_view::npos) return std::nullopt;
    const size_t found = text.find(shown, begin);
    if (found == std::string_view::npos) return std::nullopt;
    in_shown += static_cast<int>(found - begin);
  }
  place.column = in_shown + 1;
  return place;
}

// The place of a character, in bytes, whose number in the text is that of the byte at the given place.
Place place_at_character(std::string_view text, const Place& drawn) {
  size_t begin = 0;
  for (int line = 1; line < drawn.line; ++line) begin = text.find('\n', begin) + 1;
  const size_t characters = begin + static_cast<size_t>(drawn.column) - 1;
  size_t at = 0;
  for (size_t seen = 0; at < text.size() && seen < characters; ++seen) {
    ++at;
    while (at < text.size() && (text[at] & 0xC0) == 0x80) ++at;
  }
  return place_at(text, static_cast<Position>(at));
}

}  // namespace

Error engine_error(const std::exception& error, std::string_view text, Code by_default) {
  return engine_error(duckdb::ErrorData(error), text, by_default);
}

Error engine_error(const duckdb::ErrorData& data, std::string_view text, Code by_default) {
  Error out;
  out.code = code_of(data.Type(), by_default);
  out.message = data.RawMessage();
  // The engine says it in words only.
  if (out.code == Code::io && out.message.find("No space left on device") != std::string::npos)
    out.code = Code::disk_full;
  out.place = take_drawing(out.message, text);
  if (out.place)
    out.place = place_at_character(text, *out.place);  // drawn in characters; places are in bytes
  if (const auto found = data.ExtraInfo().find("position");
      found != data.ExtraInfo().end() && !text.empty()) {
    out.place = place_at(text, std::atoll(found->second.c_str()));
  }
  // The parser counts characters where everything else counts bytes.
  const bool is_syntax =
      data.Type() == duckdb::ExceptionType::PARSER || data.Type() == duckdb::ExceptionType::SYNTAX;
  if (is_syntax && out.place) out.place = place_at_character(text, *out.place);
  if (out.code == Code::too_large) out.hint = "the query needs more memory than its limit: read less at once";
  return out;
}

}  // namespace anabranch::sql
