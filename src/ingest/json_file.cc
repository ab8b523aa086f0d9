#include "ingest/json_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "ingest/excerpt.h"
#include "ingest/json_text.h"

namespace anabranch::ingest {

Result<std::unique_ptr<JsonFile>> JsonFile::open(const TableInput& input) {
  auto text = TRY(TextFile::open(input));
  return std::unique_ptr<JsonFile>(new JsonFile(input, std::move(text)));
}

void JsonFile::pass(size_t bytes) {
  const std::string_view passed = window_.rest().substr(0, bytes);
  lines_ += static_cast<size_t>(std::count(passed.begin(), passed.end(), '\n'));
  window_.pass(bytes);
}

Result<char> JsonFile::peek() {
  while (true) {
    const std::string_view rest = window_.rest();
    size_t spaces = 0;
    while (spaces < rest.size() && JsonText::is_space(rest[spaces])) ++spaces;
    const bool is_found = spaces < rest.size();
    const char found = is_found ? rest[spaces] : '\0';
    pass(spaces);
    line_ = lines_ + 1;
    if (is_found) return found;
    if (window_.is_whole()) return '\0';
    TRY(window_.grow());
  }
}

// Between the elements of an array.
Status JsonFile::pass_comma() {
  const char c = TRY(peek());
  if (c == ']') return {};
  if (c != ',') {
    return c == 0 ? wrong("the array is not closed")
                  : wrong(fmt::format("a comma or ] is expected before {}", excerpt(window_.rest())));
  }
  pass(1);
  if (TRY(peek()) == ']') return wrong("a comma stands before the end of the array");
  return {};
}

Result<bool> JsonFile::next(std::string_view& object) {
  if (!is_begun_) {
    is_begun_ = true;
    is_array_ = TRY(peek()) == '[';
    if (is_array_) pass(1);
  } else if (is_array_ && has_element_) {
    TRY(pass_comma());
  }
  has_element_ = true;
  const char first = TRY(peek());
  if (is_array_ && first == ']') {
    pass(1);
    if (TRY(peek()) != 0) return wrong(fmt::format("the array has ended before {}", excerpt(window_.rest())));
    is_array_ = false;
    return false;
  }
  if (first == 0) {
    if (is_array_) return wrong("the array is not closed");
    return false;
  }
  if (first != '{') {
    return wrong(fmt::format(
        "{} is no object; the rows of a table are JSON objects, in an array or one after the other",
        excerpt(window_.rest())));
  }
  int depth = 0;
  bool is_text = false;
  for (size_t at = 0;; ++at) {
    while (at >= window_.rest().size()) {
      if (window_.is_whole()) return wrong("the file breaks off in this object");
      if (at > row_bytes_max)
        return wrong(fmt::format("an object of more than {} MiB; is it not closed?", row_bytes_max >> 20));
      TRY(window_.grow());
    }
    const char c = window_.rest()[at];
    if (is_text) {
      if (c == '\\') {
        ++at;
      } else if (c == '"') {
        is_text = false;
      }
    } else if (c == '"') {
      is_text = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (--depth > 0) continue;
      object = window_.rest().substr(0, at + 1);
      pass(at + 1);
      return true;
    }
  }
}

}  // namespace anabranch::ingest
