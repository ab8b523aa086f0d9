#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "history/stream.h"
#include "ingest/decoder.h"
#include "log/batch.h"
#include "model/column_batch.h"

namespace anabranch::history {

/// Consecutive durable events of one stream, ready to be evaluated: decoded columns, or a range of a bulk
/// file.
struct Events {
  std::vector<std::shared_ptr<const model::ColumnBatch>> batches;
  log::BatchPtr bulk;  // then `batches` is empty
  Stream stream;       // with a bulk file only: whose it is
  model::OffsetRange range;
};

/// Reads a stream's log in order. One thread at a time.
class StreamReader {
 public:
  explicit StreamReader(Stream stream) : stream_(std::move(stream)) {}
  const Stream& stream() const { return stream_; }

  /// Events from `from` up to `end`, at most about rows_max; an empty range when there are none.
  Result<Events> read(model::Offset from, model::Offset end, size_t rows_max);

 private:
  Stream stream_;
  std::unique_ptr<ingest::BatchDecoder> decoder_;
};

}  // namespace anabranch::history
