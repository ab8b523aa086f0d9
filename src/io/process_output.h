#pragma once
// What a child process writes, as it comes: in pieces.

#include <functional>
#include <string>
#include <string_view>

namespace anabranch::io {

/// Cuts pieces into lines.
class OutputLines {
 public:
  void add(std::string_view piece, const std::function<void(std::string_view)>& on_line) {
    for (size_t end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
      line_ += piece.substr(0, end);
      on_line(line_);
      line_.clear();
      piece.remove_prefix(end + 1);
    }
    line_ += piece;
  }

  /// What came after the last line's end.
  void finish(const std::function<void(std::string_view)>& on_line) {
    if (!line_.empty()) on_line(line_);
    line_.clear();
  }

  /// How long the line is that has not ended yet.
  size_t begun_bytes() const { return line_.size(); }

 private:
  std::string line_;
};

/// Keeps the end of a text, at most so much.
class OutputTail {
 public:
  static constexpr size_t bytes_max = 8192;

  void add(std::string_view piece) {
    text_ += piece;
    if (text_.size() > bytes_max) text_.erase(0, text_.size() - bytes_max);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace anabranch::io
