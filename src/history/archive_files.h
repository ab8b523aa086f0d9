#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "history/stream.h"
#include "sql/database.h"

namespace anabranch::history {

/// Which files of a partition's archive hold which offsets, for who goes through them in order. One thread.
/// The files' ends are read when they are first asked for.
class ArchiveFiles {
 public:
  /// The database outlives it, and may read the files.
  ArchiveFiles(StreamPartition partition, const Archive& archive, sql::Database& database)
      : partition_(std::move(partition)),
        archive_(archive.of(partition_.number)),
        lease_(archive.lease),
        database_(database) {}

  /// The files that hold these events, in the order of offsets; each event was found there once. unavailable:
  /// the archive does not reach so far; corrupt: it has not each of them once.
  Result<std::vector<std::string>> holding(model::OffsetRange range);

 private:
  struct File {
    std::string path;
    model::OffsetRange range;
  };
  Status look();
  Status check(const std::vector<std::string>& files, model::OffsetRange range);

  const StreamPartition partition_;
  const ArchivedPartition archive_;
  const std::shared_ptr<const void> lease_;
  sql::Database& database_;
  std::optional<sql::Session> session_;
  std::vector<File> files_;
};

}  // namespace anabranch::history
