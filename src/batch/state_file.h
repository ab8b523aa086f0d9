#pragma once
// The database file of a build while it is written.

#include "base/result.h"
#include "io/file_system.h"

namespace anabranch::batch {

/// Where the engine writes a database, and where it has to be in the end. They are the same, but for a path
/// with a '?': the engine takes what follows it for options and puts its write-ahead log somewhere else. Such
/// a file is written in the system's folder for temporary files. One thread.
class StateFile {
 public:
  explicit StateFile(io::Path target);
  /// Removes what was not moved into place.
  ~StateFile();
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;

  /// To be attached.
  const io::Path& path() const { return path_; }
  /// After it was detached. Not synced; what failed leaves nothing.
  Status move_into_place();

 private:
  const io::Path target_;
  io::Path path_;
};

}  // namespace anabranch::batch
