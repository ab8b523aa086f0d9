#pragma once
// The database file of a build while it is written.

#include <optional>

#include "base/result.h"
#include "io/file_system.h"
#include "sql/database_folder.h"

namespace anabranch::batch {

/// Where the engine writes a database, and where it has to be in the end: the same, but where the engine
/// cannot write there (sql::DatabaseFolder). One thread.
class StateFile {
 public:
  explicit StateFile(io::Path target);
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;

  /// To be called first.
  Status choose_place();
  /// To be attached.
  const io::Path& path() const { return path_; }
  /// After it was detached. Not synced; what failed leaves nothing.
  Status move_into_place();

 private:
  const io::Path target_;
  io::Path path_;
  std::optional<sql::DatabaseFolder> folder_;
};

}  // namespace anabranch::batch
