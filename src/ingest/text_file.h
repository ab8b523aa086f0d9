#pragma once
// The text of a file, of events or of a table, piece by piece, unpacked.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace anabranch::ingest {

/// A file that somebody has named.
struct TableInput {
  std::string path;   // absolute; "-": standard input
  std::string shown;  // as messages call it
};

/// Reads from the beginning to the end; whether it is packed (gzip, Zstandard) its first bytes say, not its
/// name. One thread at a time.
class TextFile {
 public:
  virtual ~TextFile() = default;
  /// Errors name the file: bad_input when its text is none that is read (UTF-16).
  static Result<std::unique_ptr<TextFile>> open(const TableInput& input);

  /// Appends the next piece; false at the end. bad_input, with the file's name, where a packed file is
  /// damaged or breaks off.
  virtual Result<bool> more(std::string& out) = 0;
  /// How many bytes of the file itself have been read; 0 where that is not known.
  virtual uint64_t position() const = 0;
};

/// A text with a window that moves over it: what is not read yet of the pieces that were fetched.
class TextWindow {
 public:
  explicit TextWindow(std::unique_ptr<TextFile> text) : text_(std::move(text)) {}

  std::string_view rest() const { return std::string_view(buffer_).substr(at_); }
  bool is_whole() const { return is_whole_; }  // rest() goes to the end of the text
  void pass(size_t bytes) { at_ += bytes; }
  /// Fetches at least as much as there is; views into rest() are gone then.
  Status grow();

 private:
  std::unique_ptr<TextFile> text_;
  std::string buffer_;
  size_t at_ = 0;
  bool is_whole_ = false;
};

/// bad_input at a place in a file of a table: "data/a.csv:3:2: …". line or column 0: not known.
std::unexpected<Error> wrong_at(const TableInput& input, size_t line, size_t column, std::string_view problem,
                                std::string hint = {});

/// A row's text may be this long: past it a quote or bracket is most probably not closed.
inline constexpr size_t row_bytes_max = 16 << 20;

}  // namespace anabranch::ingest
