#pragma once

#include <atomic>

#include "history/stream_reader.h"
#include "sql/database.h"

namespace anabranch::history {

/// The events of one partition of a log as a table function `name(from, end)`: for what is recomputed when it
/// is read, and for the archive. Rows of bulk files are left out: History knows where those are. Any number
/// of cursors at once.
class LogFeed final : public sql::Feed {
 public:
  explicit LogFeed(StreamPartition partition) : partition_(std::move(partition)) {}
  Result<std::unique_ptr<Cursor>> open(model::Offset from, model::Offset end) override;
  /// Events given out so far by all cursors.
  int64_t rows_read() const { return rows_read_; }

 private:
  class LogCursor;
  const StreamPartition partition_;
  std::atomic<int64_t> rows_read_ = 0;
};

}  // namespace anabranch::history
