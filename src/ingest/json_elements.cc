#include "ingest/json_elements.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "ingest/json_text.h"

namespace anabranch::ingest {
namespace {

std::string_view without_space(std::string_view text) {
  while (!text.empty() && JsonText::is_space(text.front())) text.remove_prefix(1);
  return JsonText::trimmed(text);
}

// Which characters matter: outside strings, there within an object or list, and in strings.
enum Mark : uint8_t { between = 1, nested = 2, quoted = 4 };
constexpr std::array<uint8_t, 256> marks() {
  std::array<uint8_t, 256> table{};
  for (const char c : std::string_view("\"{}[]")) table[static_cast<uint8_t>(c)] = between | nested;
  table[static_cast<uint8_t>(',')] |= between;
  table[static_cast<uint8_t>('"')] |= quoted;
  table[static_cast<uint8_t>('\\')] |= quoted;
  return table;
}
constexpr std::array<uint8_t, 256> marks_of = marks();

const char* find_mark(const char* at, const char* end, Mark mark) {
  while (end - at >= 4) {
    if (marks_of[static_cast<uint8_t>(at[0])] & mark) return at;
    if (marks_of[static_cast<uint8_t>(at[1])] & mark) return at + 1;
    if (marks_of[static_cast<uint8_t>(at[2])] & mark) return at + 2;
    if (marks_of[static_cast<uint8_t>(at[3])] & mark) return at + 3;
    at += 4;
  }
  while (at < end && !(marks_of[static_cast<uint8_t>(*at)] & mark)) ++at;
  return at;
}

}  // namespace

JsonElements::JsonElements(std::string_view body) : body_(body) {
  while (at_ < body_.size() && JsonText::is_space(body_[at_])) ++at_;
  if (at_ == body_.size()) return;
  first_ = body_[at_];
  if (first_ != '[' && first_ != '{') return;
  if (first_ == '[') ++at_;
  state_ = State::element;
}

bool JsonElements::next(Element& element) {
  if (state_ == State::end) return false;
  const std::string_view rest = body_.substr(at_);
  if (state_ == State::beyond) {
    state_ = State::end;
    element = {without_space(rest), Element::Kind::beyond};
    return !element.text.empty();
  }
  if (state_ == State::cut_off) {
    state_ = State::end;
    element = {rest.substr(rest.size()), Element::Kind::broken};
    return true;
  }
  size_t depth = 0;
  const char* const end = body_.data() + body_.size();
  for (const char* mark = body_.data() + at_;; ++mark) {
    mark = find_mark(mark, end, depth == 0 ? between : nested);
    if (mark == end) break;
    const char c = *mark;
    if (c == '"') {
      while ((mark = find_mark(mark + 1, end, quoted)) < end && *mark == '\\') mark += end - mark > 1;
      if (mark == end) break;
      continue;
    }
    if (c == '{' || c == '[') {
      ++depth;
      continue;
    }
    const auto at = static_cast<size_t>(mark - body_.data());
    const bool is_end_of_array = depth == 0 && c == ']' && first_ == '[';
    if (c == '}' || c == ']') {
      if (depth > 0) --depth;
      if (first_ == '{' && depth == 0) {
        element = {without_space(body_.substr(at_, at + 1 - at_)), Element::Kind::whole};
        at_ = at + 1;
        state_ = State::beyond;
        return true;
      }
      if (!is_end_of_array) continue;
    }
    if (depth > 0 || first_ == '{') continue;
    // A comma between elements, or the end of the array.
    const bool is_after_comma = state_ == State::after_comma;
    element = {without_space(body_.substr(at_, at - at_)), Element::Kind::whole};
    at_ = at + 1;
    state_ = is_end_of_array ? State::beyond : State::after_comma;
    if (is_end_of_array && element.text.empty() && !is_after_comma)
      return next(element);  // [] has no element
    return true;
  }
  const std::string_view text = without_space(rest);
  const bool is_complete = depth == 0 && text.ends_with('}');
  state_ = is_complete ? State::cut_off : State::end;
  element = {text, is_complete ? Element::Kind::whole : Element::Kind::broken};
  return true;
}

}  // namespace anabranch::ingest
