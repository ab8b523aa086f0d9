#include "base/result.h"

#include <fmt/format.h>

namespace anabranch {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::bad_input:
      return "bad_input";
    case Code::bad_sql:
      return "bad_sql";
    case Code::refused:
      return "refused";
    case Code::not_found:
      return "not_found";
    case Code::conflict:
      return "conflict";
    case Code::retry:
      return "retry";
    case Code::overloaded:
      return "overloaded";
    case Code::timeout:
      return "timeout";
    case Code::cancelled:
      return "cancelled";
    case Code::too_large:
      return "too_large";
    case Code::disk_full:
      return "disk_full";
    case Code::io:
      return "io";
    case Code::corrupt:
      return "corrupt";
    case Code::unknown_outcome:
      return "unknown_outcome";
    case Code::unavailable:
      return "unavailable";
    case Code::internal:
      return "internal";
  }
  return "internal";
}

std::string Error::describe() const {
  std::string text;
  if (place) {
    text = place->file.empty() ? "SQL" : place->file;
    if (place->line > 0) text += fmt::format(":{}", place->line);
    if (place->line > 0 && place->column > 0) text += fmt::format(":{}", place->column);
    text += ": ";
  }
  text += message;
  if (!hint.empty()) text += fmt::format(" ({})", hint);
  return text;
}

}  // namespace anabranch
