#pragma once
// Text in files that only the engine can unpack.

#include <memory>
#include <string>

#include "base/result.h"

namespace anabranch::sql {

/// Reads a file packed with Zstandard from its beginning. One thread at a time.
class ZstandardFile {
 public:
  struct Impl;
  /// The path is taken as it is. bad_input when the file breaks off: what is missing would not be noticed
  /// later.
  static Result<std::unique_ptr<ZstandardFile>> open(const std::string& path);
  explicit ZstandardFile(std::unique_ptr<Impl> impl);
  ~ZstandardFile();

  /// Appends up to bytes_max bytes; false at the end. bad_input where the file is damaged.
  Result<bool> read(std::string& out, size_t bytes_max);

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace anabranch::sql
