#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "history/history.h"
#include "io/clock.h"
#include "lake/delta_table.h"
#include "lake/object_store.h"
#include "model/relation_column.h"
#include "sql/database.h"

namespace anabranch::history {

/// Brings streams into the lake: `lake/bronze/<stream>`, typed columns and the four system columns, exactly
/// once, each partition in the order of its offsets, in files of its own. Owner: the application. Any thread
/// may call; one archive() at a time.
class Archiver {
 public:
  Archiver(lake::ObjectStore& store, sql::Database& database, History& history, io::Clock& clock)
      : store_(store), database_(database), history_(history), clock_(clock) {}

  /// When it returns, everything before these offsets is in the lake.
  Status archive(const model::Offsets& end) EXCLUDES(mutex_);

  /// Makes one file of small ones, and removes those that were replaced before `removed_after_ms` and that
  /// nobody reads any more (Archive::lease). A read opens few files then, however many builds there were.
  /// True when files have been put together: archives() is another one now. Events and offsets stay as they
  /// are.
  Result<bool> tidy(int64_t removed_after_ms) EXCLUDES(mutex_);

  /// What is there, by "bronze.<stream>".
  /// What is archived of each stream, but of those whose files are not all there as they were written: of
  /// these nothing, and `damaged` says why. The log has their events.
  std::map<std::string, Archive> readable_archives(std::map<std::string, Error>& damaged) EXCLUDES(mutex_);
  Result<std::map<std::string, Archive>> archives() EXCLUDES(mutex_);

 private:
  using Paths = std::set<std::string, std::less<>>;

  Status archive_partition(const StreamPartition& partition, model::Offset end) REQUIRES(mutex_);
  Result<Archive> archive_of(const Stream& stream) REQUIRES(mutex_);
  Result<lake::DeltaTable*> table_of(const Stream& stream) REQUIRES(mutex_);
  Result<bool> tidy_stream(const Stream& stream, int64_t removed_after_ms) REQUIRES(mutex_);
  Result<bool> put_together(const StreamPartition& partition, lake::DeltaTable& table) REQUIRES(mutex_);
  Result<lake::DataFile> write_file(sql::Session& session, const lake::DeltaTable& table,
                                    const std::vector<model::RelationColumn>& columns,
                                    const std::string& source, model::Partition partition,
                                    model::OffsetRange range) REQUIRES(mutex_);
  Status remove_files(const Stream& stream, lake::DeltaTable& table, int64_t removed_after_ms)
      REQUIRES(mutex_);
  bool is_leased(const std::string& stream, const std::string& path) REQUIRES(mutex_);

  lake::ObjectStore& store_;
  sql::Database& database_;
  History& history_;
  io::Clock& clock_;
  Mutex mutex_;
  std::map<std::string, std::unique_ptr<lake::DeltaTable>> tables_ GUARDED_BY(mutex_);
  // What is read now, by stream.
  std::map<std::string, std::vector<std::weak_ptr<const Paths>>> leases_ GUARDED_BY(mutex_);
};

}  // namespace anabranch::history
