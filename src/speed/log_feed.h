#pragma once

#include <atomic>

#include "speed/stream_reader.h"
#include "sql/database.h"

namespace anabranch::speed {

/// The events of a log as a table function `name(from, end)`: for what is recomputed when it is read, and for
/// the archive. Rows of bulk files are left out: read them by ingest::bulk_relation. Any number of cursors at
/// once.
class LogFeed final : public sql::Feed {
 public:
  explicit LogFeed(StreamSource source) : source_(std::move(source)) {}
  Result<std::unique_ptr<Cursor>> open(model::Offset from, model::Offset end) override;
  /// Events given out so far by all cursors.
  int64_t rows_read() const { return rows_read_; }

 private:
  class LogCursor;
  const StreamSource source_;
  std::atomic<int64_t> rows_read_ = 0;
};

}  // namespace anabranch::speed
