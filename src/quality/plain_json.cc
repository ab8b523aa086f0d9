#include "quality/plain_json.h"

#include <cstdint>

namespace anabranch::quality {
namespace {

void append_utf8(std::string& out, uint32_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xc0 | point >> 6);
    out += static_cast<char>(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xe0 | point >> 12);
    out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (point & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | point >> 18);
    out += static_cast<char>(0x80 | (point >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (point & 0x3f));
  }
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<PlainJson> run() {
    PlainJson value;
    if (!read(value)) return std::nullopt;
    skip_space();
    if (at_ != text_.size()) return std::nullopt;
    return value;
  }

 private:
  char look() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool accept(char c) {
    if (look() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  bool accept(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  void skip_space() {
    while (look() == ' ' || look() == '\t' || look() == '\n' || look() == '\r') ++at_;
  }

  bool read(PlainJson& value) {
    skip_space();
    const size_t begin = at_;
    if (!read_kind(value)) return false;
    value.source = text_.substr(begin, at_ - begin);
    return true;
  }

  bool read_kind(PlainJson& value) {
    switch (look()) {
      case '{':
        value.kind = PlainJson::Kind::object;
        return read_object(value);
      case '[':
        value.kind = PlainJson::Kind::list;
        return read_list(value);
      case '"':
        value.kind = PlainJson::Kind::string;
        return read_string(value.text);
      case 't':
        value.kind = PlainJson::Kind::boolean;
        return accept("true");
      case 'f':
        value.kind = PlainJson::Kind::boolean;
        return accept("false");
      case 'n':
        return accept("null");
      default:
        value.kind = PlainJson::Kind::number;
        return read_number();
    }
  }

  bool read_object(PlainJson& value) {
    ++at_;
    skip_space();
    if (accept('}')) return true;
    do {
      skip_space();
      auto& [name, member] = value.members.emplace_back();
      if (look() != '"' || !read_string(name)) return false;
      skip_space();
      if (!accept(':') || !read(member)) return false;
      skip_space();
    } while (accept(','));
    return accept('}');
  }

  bool read_list(PlainJson& value) {
    ++at_;
    skip_space();
    if (accept(']')) return true;
    do {
      if (!read(value.elements.emplace_back())) return false;
      skip_space();
    } while (accept(','));
    return accept(']');
  }

  bool read_hex(uint32_t& unit) {
    unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = look();
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return false;
      unit = unit * 16 + static_cast<uint32_t>(digit);
    }
    return true;
  }

  bool read_string(std::string& out) {
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (c != '\\') {
        out += c;
        continue;
      }
      const char escaped = look();
      ++at_;
      switch (escaped) {
        case 'n':
          out += '\n';
          break;
        case 't':
          out += '\t';
          break;
        case 'r':
          out += '\r';
          break;
        case 'b':
          out += '\b';
          break;
        case 'f':
          out += '\f';
          break;
        case '"':
        case '\\':
        case '/':
          out += escaped;
          break;
        case 'u': {
          uint32_t unit = 0;
          if (!read_hex(unit)) return false;
          if (unit >= 0xd800 && unit < 0xdc00) {  // the first half of a pair
            uint32_t second = 0;
            if (!accept("\\u") || !read_hex(second) || second < 0xdc00 || second > 0xdfff) return false;
            unit = 0x10000 + (unit - 0xd800) * 0x400 + (second - 0xdc00);
          } else if (unit >= 0xdc00 && unit < 0xe000) {
            return false;
          }
          append_utf8(out, unit);
          break;
        }
        default:
          return false;
      }
    }
    return false;
  }

  bool read_digits() {
    const size_t begin = at_;
    while (look() >= '0' && look() <= '9') ++at_;
    return at_ > begin;
  }
  bool read_number() {
    accept('-');
    if (!read_digits()) return false;
    if (accept('.') && !read_digits()) return false;
    if (accept('e') || accept('E')) {
      if (!accept('-')) accept('+');
      return read_digits();
    }
    return true;
  }

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

const PlainJson* PlainJson::member(std::string_view name) const {
  for (const auto& [other, value] : members) {
    if (other == name) return &value;
  }
  return nullptr;
}

std::string PlainJson::compact() const {
  std::string out;
  bool is_quoted = false;
  for (size_t i = 0; i < source.size(); ++i) {
    const char c = source[i];
    const bool is_space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (is_quoted || !is_space) out += c;
    if (is_quoted && c == '\\') {
      out += source[++i];
    } else if (c == '"') {
      is_quoted = !is_quoted;
    }
  }
  return out;
}

std::optional<PlainJson> read_plain_json(std::string_view text) { return Reader(text).run(); }

}  // namespace anabranch::quality
