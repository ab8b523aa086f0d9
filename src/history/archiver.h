#pragma once

#include <map>
#include <set>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "history/history.h"
#include "io/clock.h"
#include "lake/delta_table.h"
#include "lake/object_store.h"
#include "sql/database.h"

namespace anabranch::history {

/// Brings streams into the lake: `lake/bronze/<stream>`, typed columns and the four system columns, exactly
/// once, in offset order. Owner: the application. Any thread may call; one archive() at a time.
class Archiver {
 public:
  Archiver(lake::ObjectStore& store, sql::Database& database, History& history, io::Clock& clock)
      : store_(store), database_(database), history_(history), clock_(clock) {}

  /// When it returns, everything before these offsets is in the lake.
  Status archive(const model::Offsets& end) EXCLUDES(mutex_);

  /// What is there, by "bronze.<stream>".
  /// What is archived of each stream, but of those whose files are not all there as they were written: of
  /// these nothing, and `damaged` says why. The log has their events.
  std::map<std::string, Archive> readable_archives(std::map<std::string, Error>& damaged) EXCLUDES(mutex_);
  Result<std::map<std::string, Archive>> archives() EXCLUDES(mutex_);

 private:
  Status archive_stream(const Stream& stream, model::Offset end) REQUIRES(mutex_);
  Result<Archive> archive_of(const Stream& stream);
  Status remove_leftovers(lake::DeltaTable& table, const Stream& stream) REQUIRES(mutex_);

  lake::ObjectStore& store_;
  sql::Database& database_;
  History& history_;
  io::Clock& clock_;
  Mutex mutex_;
  std::set<std::string> tidy_ GUARDED_BY(mutex_);  // streams without leftovers
};

}  // namespace anabranch::history
