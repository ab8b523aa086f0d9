#pragma once
// A file of events as text, packed with gzip or not.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "io/file_system.h"

namespace anabranch::ingest {

/// Reads a file from front to back. Whether it is packed is seen from its first bytes, not from its name.
/// Owner: one thread.
class TextFile {
 public:
  /// "-" is standard input. not_found, bad_input: there is no such file, or it cannot be read.
  static Result<TextFile> open(const io::Path& path);
  TextFile(TextFile&&) noexcept;
  TextFile& operator=(TextFile&&) noexcept;
  ~TextFile();

  /// Appends up to so many bytes, fewer only at the end. bad_input: packed bytes are damaged or break off;
  /// io.
  Status read(size_t bytes, std::string& into);
  bool is_at_end() const { return is_at_end_; }
  /// How many bytes of the file itself have been read.
  uint64_t position() const;

 private:
  struct Impl;
  explicit TextFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  bool is_at_end_ = false;
};

}  // namespace anabranch::ingest
