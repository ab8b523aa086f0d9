#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/streams.h"
#include "base/mutex.h"
#include "base/result.h"
#include "lake/delta_table.h"
#include "lake/object_store.h"
#include "speed/log_feed.h"
#include "speed/speed_layer.h"
#include "sql/database.h"

namespace anabranch::app {

/// Brings the log into the lake: `lake/bronze/<stream>`, typed columns and the four system columns, exactly
/// once, in offset order. Owner: the platform. Any thread may call; one archive() at a time.
class Archiver {
 public:
  Archiver(lake::ObjectStore& store, sql::Database& database, speed::SpeedLayer* speed,
           const std::vector<OpenStream>& streams, io::Clock& clock)
      : store_(store), database_(database), speed_(speed), streams_(streams), clock_(clock) {}

  /// The bulk batches of a stream come from the speed layer, which has read past them; set before the first
  /// archive().
  void set_speed(speed::SpeedLayer* speed) { speed_ = speed; }

  /// When it returns, everything before these offsets is in the lake.
  Status archive(const model::Offsets& end) EXCLUDES(mutex_);

  /// What is there: files (absolute paths) and how far they reach, by "bronze.<stream>".
  Result<std::map<std::string, speed::Archive>> archives() EXCLUDES(mutex_);

 private:
  Status archive_stream(const OpenStream& stream, model::Offset end) REQUIRES(mutex_);
  Result<speed::Archive> archive_of(const std::string& stream);
  Status remove_leftovers(lake::DeltaTable& table, const std::string& stream);

  lake::ObjectStore& store_;
  sql::Database& database_;
  speed::SpeedLayer* speed_;
  const std::vector<OpenStream>& streams_;
  io::Clock& clock_;
  Mutex mutex_;
};

}  // namespace anabranch::app
