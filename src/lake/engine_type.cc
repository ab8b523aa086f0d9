#include "lake/engine_type.h"

#include <cctype>
#include <charconv>

#include <fmt/format.h>

namespace anabranch::lake {
namespace {

using Kind = EngineType::Kind;

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
}

// type := base ('[' digits? ']')*
// base := STRUCT(name type, …) | MAP(type, type) | words | words(arguments) | "NULL"
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<EngineType> parse_all() {
    EngineType type = TRY(parse_type());
    skip_space();
    if (at_ < text_.size()) return unknown();
    return type;
  }

 private:
  Result<EngineType> parse_type() {
    skip_space();
    const size_t begin = at_;
    EngineType type = TRY(parse_base());
    type.text = text_.substr(begin, at_ - begin);
    while (accept('[')) {
      while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_]))) ++at_;
      if (!accept(']')) return unknown();
      EngineType list;
      list.kind = Kind::list;
      list.children.push_back(std::move(type));
      list.text = text_.substr(begin, at_ - begin);
      type = std::move(list);
    }
    return type;
  }

  Result<EngineType> parse_base() {
    EngineType type;
    if (at_ < text_.size() && text_[at_] == '"') {
      if (!read_quoted(type.name)) return unknown();
      return type;
    }
    type.name = read_words();
    if (type.name.empty()) return unknown();
    if (type.name == "STRUCT") return parse_structure(std::move(type));
    if (type.name == "MAP") return parse_map(std::move(type));
    skip_space();
    if (at_ < text_.size() && text_[at_] == '(') {
      const size_t begin = at_ + 1;
      if (!skip_arguments()) return unknown();
      if (type.name == "DECIMAL" && !read_decimal(text_.substr(begin, at_ - 1 - begin), type))
        return unknown();
    } else if (type.name == "DECIMAL") {
      type.width = 18;
      type.scale = 3;
    }
    return type;
  }

  Result<EngineType> parse_structure(EngineType type) {
    type.kind = Kind::structure;
    if (!accept('(')) return unknown();
    do {
      std::string name;
      skip_space();
      if (at_ < text_.size() && text_[at_] == '"') {
        if (!read_quoted(name)) return unknown();
      } else {
        while (at_ < text_.size() && is_word(text_[at_])) name += text_[at_++];
      }
      skip_space();
      if (name.empty() || at_ >= text_.size() || text_[at_] == ',' || text_[at_] == ')' ||
          text_[at_] == '(' || text_[at_] == '[') {
        return fail(Code::bad_input, fmt::format("{} has fields without names", text_),
                    "name them, e.g. {'a': 1, 'b': 2} rather than row(1, 2)");
      }
      type.names.push_back(std::move(name));
      type.children.push_back(TRY(parse_type()));
    } while (accept(','));
    if (!accept(')')) return unknown();
    return type;
  }

  Result<EngineType> parse_map(EngineType type) {
    type.kind = Kind::map;
    if (!accept('(')) return unknown();
    type.children.push_back(TRY(parse_type()));
    if (!accept(',')) return unknown();
    type.children.push_back(TRY(parse_type()));
    if (!accept(')')) return unknown();
    return type;
  }

  std::string read_words() {
    std::string words;
    for (skip_space(); at_ < text_.size() && (is_word(text_[at_]) || is_space(text_[at_])); ++at_) {
      if (!is_space(text_[at_])) {
        words += static_cast<char>(std::toupper(static_cast<unsigned char>(text_[at_])));
      } else if (words.back() != ' ') {
        words += ' ';
      }
    }
    while (!words.empty() && words.back() == ' ') words.pop_back();
    return words;
  }

  bool read_quoted(std::string& name) {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        if (at_ >= text_.size() || text_[at_] != '"') return true;
      }
      name += text_[at_];
    }
    return false;
  }

  // Over "(…)", minding what is quoted in it.
  bool skip_arguments() {
    int depth = 0;
    char quote = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (quote != 0) {
        if (c == quote) quote = 0;  // a doubled quote opens it again at once
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == '(') {
        ++depth;
      } else if (c == ')' && --depth == 0) {
        ++at_;
        return true;
      }
    }
    return false;
  }

  static bool read_decimal(std::string_view arguments, EngineType& type) {
    const size_t comma = arguments.find(',');
    if (comma == std::string_view::npos) return false;
    std::string_view scale = arguments.substr(comma + 1);
    while (!scale.empty() && is_space(scale.front())) scale.remove_prefix(1);
    const auto read = [](std::string_view digits, int& value) {
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      return error == std::errc() && end == digits.data() + digits.size();
    };
    return read(arguments.substr(0, comma), type.width) && read(scale, type.scale);
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool accept(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::unexpected<Error> unknown() const {
    return fail(Code::bad_input, fmt::format("'{}' is not a type of the engine", text_));
  }

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Result<EngineType> EngineType::parse(std::string_view text) { return Parser(text).parse_all(); }

}  // namespace anabranch::lake
