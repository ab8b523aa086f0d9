#pragma once
// A folder outside the project, for files that cannot be written where they belong.

#include "base/result.h"
#include "io/file_system.h"

namespace anabranch::io {

/// A new and empty folder of the system's for temporary files, which only this user may enter. Removed with
/// all that is in it when this goes. One thread.
class PrivateFolder {
 public:
  static Result<PrivateFolder> create();
  ~PrivateFolder();
  PrivateFolder(PrivateFolder&& other) noexcept;
  PrivateFolder& operator=(PrivateFolder&&) = delete;

  const Path& path() const { return path_; }

 private:
  explicit PrivateFolder(Path path) : path_(std::move(path)) {}
  Path path_;  // empty after a move
};

/// From now on nobody but this user may enter or read what this process and its children make, whoever writes
/// it.
void keep_files_private();
/// The same for a folder that is there already, and thus for all that is in it.
Status make_private(const Path& folder);
/// Whether anybody but its owner may read a file, by its own permissions.
Result<bool> may_others_read(const Path& file);

}  // namespace anabranch::io
