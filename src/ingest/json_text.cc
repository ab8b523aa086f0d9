#include "ingest/json_text.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "ingest/excerpt.h"
#include "ingest/number.h"

namespace anabranch::ingest {

namespace ondemand = simdjson::ondemand;

bool JsonText::open(std::string_view text, size_t readable_after, std::string& problem) {
  home_ = text.data();
  if (readable_after < simdjson::SIMDJSON_PADDING) {
    copy_.assign(text);
    copy_.append(simdjson::SIMDJSON_PADDING, ' ');
    text_ = std::string_view(copy_).substr(0, text.size());
  } else {
    text_ = text;
  }
  end_ = text_.data() + text_.size();
  has_escapes_ = std::memchr(text_.data(), '\\', text_.size()) != nullptr;
  if (!names_.empty()) names_.clear();
  if (!unescaped_names_.empty()) unescaped_names_.clear();
  first_ = 0;
  while (first_ < text_.size() && is_space(text_[first_])) ++first_;
  if (first_ == text_.size()) {
    problem = "is empty; expected a JSON object";
    return false;
  }
  if (parser_.capacity() < text_.size()) {
    // In steps, so that a slowly growing text does not make a new buffer each time.
    const auto failed = parser_.allocate(std::max({size_t{4096}, 2 * parser_.capacity(), text_.size()}));
    if (failed != simdjson::SUCCESS) {
      problem = "cannot be read for lack of memory";
      return false;
    }
  }
  const auto error =
      parser_.iterate(text_.data(), text_.size(), text_.size() + simdjson::SIMDJSON_PADDING).get(document_);
  if (error == simdjson::SUCCESS) return true;
  switch (error) {
    case simdjson::UTF8_ERROR:
      problem = "is not valid UTF-8";
      break;
    case simdjson::UNCLOSED_STRING:
      problem = "is not JSON: a string is not closed";
      break;
    case simdjson::UNESCAPED_CHARS:
      problem = "is not JSON: a control character in a string is not escaped (write \\n for a new line)";
      break;
    default:
      problem = "is not JSON";
      break;
  }
  return false;
}

bool JsonText::is_at_end() { return document_.current_location().error() == simdjson::OUT_OF_BOUNDS; }

std::string_view JsonText::walked(const char* start) {
  const char* next = nullptr;
  if (document_.current_location().get(next) != simdjson::SUCCESS) next = end_;
  return home(trimmed({start, static_cast<size_t>(next - start)}));
}

bool JsonText::unescape(std::string_view token, std::string_view& content, std::string& problem) {
  unescaped_.resize(std::max(unescaped_.size(), token.size() + simdjson::SIMDJSON_PADDING));
  auto* out = reinterpret_cast<uint8_t*>(unescaped_.data());
  const ondemand::raw_json_string raw(reinterpret_cast<const uint8_t*>(token.data() + 1));
  if (parser_.unescape(raw, out).get(content) == simdjson::SUCCESS) return true;
  problem = fmt::format("{} is not a JSON string: it has a wrong escape", excerpt(token));
  return false;
}

bool JsonText::read_name(ondemand::raw_json_string key, std::string_view& name, std::string& problem) {
  const char* const raw = key.raw();
  const char* at = raw;
  bool is_escaped = false;
  for (; at < end_ && *at != '"'; ++at) {
    if (*at == '\\') {
      is_escaped = true;
      ++at;
    }
  }
  name = {raw, static_cast<size_t>(at - raw)};
  if (!is_escaped) return true;
  if (!unescape({raw - 1, name.size() + 2}, name, problem)) return false;
  name = unescaped_names_.emplace_back(name);
  return true;
}

bool JsonText::has_twice(size_t mark, std::string& problem) {
  const auto begin = names_.begin() + static_cast<ptrdiff_t>(mark);
  bool is_twice = false;
  if (names_.end() - begin > 1) {
    std::sort(begin, names_.end());
    const auto twice = std::adjacent_find(begin, names_.end());
    is_twice = twice != names_.end();
    if (is_twice) problem = fmt::format("the name \"{}\" comes twice in one object", excerpt(*twice));
  }
  names_.resize(mark);
  return is_twice;
}

bool JsonText::validate(ondemand::value value, std::string_view token, int depth, std::string& problem) {
  if (token[0] == '{') {
    ondemand::object object;
    if (const auto error = value.get_object().get(object)) {
      problem = describe(error);
      return false;
    }
    return validate(object, depth, problem);
  }
  if (token[0] == '[') {
    ondemand::array array;
    if (const auto error = value.get_array().get(array)) {
      problem = describe(error);
      return false;
    }
    return validate(array, depth, problem);
  }
  return validate_scalar(token, problem);
}

bool JsonText::validate(ondemand::object& object, int depth, std::string& problem) {
  if (depth >= depth_max) {
    problem = fmt::format("is nested more than {} levels deep", depth_max);
    return false;
  }
  const size_t mark = mark_names();
  for (auto member : object) {
    ondemand::field field;
    if (const auto error = std::move(member).get(field)) {
      problem = describe(error);
      return false;
    }
    std::string_view name;
    if (!read_name(field.key(), name, problem)) return false;
    add_name(name);
    const std::string_view token = trimmed(field.value().raw_json_token());
    if (!validate(field.value(), token, depth + 1, problem)) return false;
  }
  return !has_twice(mark, problem);
}

bool JsonText::validate(ondemand::array& array, int depth, std::string& problem) {
  if (depth >= depth_max) {
    problem = fmt::format("is nested more than {} levels deep", depth_max);
    return false;
  }
  for (auto element : array) {
    ondemand::value value;
    if (const auto error = std::move(element).get(value)) {
      problem = describe(error);
      return false;
    }
    if (!validate(value, trimmed(value.raw_json_token()), depth + 1, problem)) return false;
  }
  return true;
}

bool JsonText::validate_scalar(std::string_view token, std::string& problem) {
  switch (token.empty() ? '\0' : token[0]) {
    case '"': {
      std::string_view content;
      bool lasts = false;
      if (token.size() >= 2 && token.back() == '"') return read_string(token, content, lasts, problem);
      break;
    }
    case 't':
      if (token == "true") return true;
      break;
    case 'f':
      if (token == "false") return true;
      break;
    case 'n':
      if (token == "null") return true;
      break;
    default:
      if (read_number(token)) return true;
      break;
  }
  problem = fmt::format("is not JSON: {} is no value", excerpt(token));
  return false;
}

std::string JsonText::describe(simdjson::error_code error) {
  if (error == simdjson::INCOMPLETE_ARRAY_OR_OBJECT) return "is not JSON: it breaks off";
  const char* at = nullptr;
  if (document_.current_location().get(at) != simdjson::SUCCESS || at < text_.data() || at >= end_) {
    return "is not JSON: it breaks off or goes on after its end";
  }
  return fmt::format("is not JSON at byte {}: {}", at - text_.data() + 1,
                     excerpt({at, static_cast<size_t>(end_ - at)}));
}

std::string_view kind_of(std::string_view token) {
  switch (token.empty() ? '\0' : token[0]) {
    case '"':
      return "a string";
    case '{':
      return "an object";
    case '[':
      return "a list";
    case 't':
    case 'f':
      return "a boolean";
    case 'n':
      return "null";
    default:
      return "a number";
  }
}

std::string folded(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return lower;
}

}  // namespace anabranch::ingest
