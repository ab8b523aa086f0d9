#pragma once
// One JSON text at a time, read with simdjson.

#include <deque>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace anabranch::ingest {

/// Opens a JSON text and reads the tokens in it.
/// simdjson is lazy: what is not visited is not checked. A caller that must know that all of a text is JSON
/// visits all of it (validate) and asks is_at_end(). Owner: one reader. One thread at a time. Views are good
/// until the next open(), or as long as the text where said so.
class JsonText {
 public:
  /// `readable_after`: how many bytes may be read after the text's end; simdjson reads some, so with too few
  /// the text is copied first. False with what is wrong in `problem`.
  bool open(std::string_view text, size_t readable_after, std::string& problem);

  simdjson::ondemand::document& document() { return document_; }
  char first() const { return text_[first_]; }
  /// All of the text without the space around it: its token, when it is neither list nor object.
  std::string_view whole() const { return trimmed(text_.substr(first_)); }
  bool is_at_end();

  /// The same bytes in the text that open() was given, which may outlive this.
  std::string_view home(std::string_view view) const {
    return {home_ + (view.data() - text_.data()), view.size()};
  }
  /// What lies from `start` to the next token: a list or object that was just walked through.
  std::string_view walked(const char* start);

  /// The content of a string token. `lasts`: it is a view into the text, otherwise good until the next call
  /// only.
  bool read_string(std::string_view token, std::string_view& content, bool& lasts, std::string& problem) {
    content = token.substr(1, token.size() - 2);
    lasts = !has_escapes_ || content.find('\\') == std::string_view::npos;
    if (!lasts) return unescape(token, content, problem);
    content = home(content);
    return true;
  }
  /// The name of a member.
  bool read_name(simdjson::ondemand::raw_json_string key, std::string_view& name, std::string& problem);
  /// True when a member's name is this text (which has neither quotes nor backslashes) and is written without
  /// escapes.
  bool is_name(simdjson::ondemand::raw_json_string key, std::string_view name) const {
    const char* const raw = key.raw();
    return static_cast<size_t>(end_ - raw) > name.size() && raw[name.size()] == '"' &&
           std::memcmp(raw, name.data(), name.size()) == 0;
  }

  /// The token without the space after it.
  static std::string_view trimmed(std::string_view token) {
    while (!token.empty() && is_space(token.back())) token.remove_suffix(1);
    return token;
  }
  static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

  /// Walks through a value and checks that it is JSON and that no object in it has a name twice.
  bool validate(simdjson::ondemand::value value, std::string_view token, int depth, std::string& problem);
  bool validate(simdjson::ondemand::object& object, int depth, std::string& problem);
  bool validate(simdjson::ondemand::array& array, int depth, std::string& problem);
  /// The same for a token that is neither list nor object.
  bool validate_scalar(std::string_view token, std::string& problem);

  /// What is wrong by simdjson's word, and where.
  std::string describe(simdjson::error_code error);

  /// Names of the objects being read, so that none comes twice. Take a mark, add names, then look behind the
  /// mark.
  size_t mark_names() const { return names_.size(); }
  void add_name(std::string_view name) { names_.push_back(name); }
  bool has_twice(size_t mark, std::string& problem);

 private:
  bool unescape(std::string_view token, std::string_view& content, std::string& problem);

  simdjson::ondemand::parser parser_;
  simdjson::ondemand::document document_;
  std::string_view text_;
  size_t first_ = 0;            // where the first token stands
  const char* home_ = nullptr;  // where the text was before it was copied
  const char* end_ = nullptr;
  bool has_escapes_ = false;
  std::string copy_;
  std::string unescaped_;
  std::deque<std::string> unescaped_names_;
  std::vector<std::string_view> names_;
};

/// Lists and objects in an event, one in the other.
inline constexpr int depth_max = 64;

/// "a string", "a number", … by the first character of a token.
std::string_view kind_of(std::string_view token);

/// ASCII only, as SQL compares names.
std::string folded(std::string_view name);

}  // namespace anabranch::ingest
