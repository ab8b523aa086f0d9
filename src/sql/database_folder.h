#pragma once
// Where the engine can write a database.

#include <optional>

#include "base/result.h"
#include "io/file_system.h"
#include "io/private_folder.h"

namespace anabranch::sql {

/// The folder that is wanted, but for a path with a '?': the engine takes what follows it for options and
/// puts the database's write-ahead log somewhere else. Then a private folder stands in, which goes with this.
/// One thread.
class DatabaseFolder {
 public:
  static Result<DatabaseFolder> in(const io::Path& wanted) {
    if (wanted.native().find('?') == std::string::npos) return DatabaseFolder(wanted, std::nullopt);
    auto instead = TRY(io::PrivateFolder::create());
    io::Path path = instead.path();
    return DatabaseFolder(std::move(path), std::move(instead));
  }

  const io::Path& path() const { return path_; }

 private:
  DatabaseFolder(io::Path path, std::optional<io::PrivateFolder> instead)
      : path_(std::move(path)), instead_(std::move(instead)) {}

  io::Path path_;
  std::optional<io::PrivateFolder> instead_;
};

}  // namespace anabranch::sql
