#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/decoder.h"
#include "io/file_system.h"
#include "log/event_log.h"
#include "log/schema_store.h"
#include "model/column_batch.h"

namespace anabranch::speed {

/// What the speed layer knows of a stream. All pointers outlive the speed layer.
struct StreamSource {
  std::string name;  // "bronze.flights"
  log::EventLog* log = nullptr;
  log::SchemaStore* schemas = nullptr;
  io::Path folder;  // log/<stream>
};

/// Consecutive durable events of one stream, ready to be evaluated: decoded columns, or a range of a bulk
/// file.
struct Events {
  std::vector<std::shared_ptr<const model::ColumnBatch>> batches;
  log::BatchPtr bulk;      // then `batches` is empty
  io::Path stream_folder;  // where bulk files lie
  model::OffsetRange range;
};

/// Reads a stream's log in order. One thread at a time.
class StreamReader {
 public:
  explicit StreamReader(StreamSource source) : source_(std::move(source)) {}
  const StreamSource& source() const { return source_; }

  /// Events from `from` up to `end`, at most about rows_max; an empty range when there are none.
  Result<Events> read(model::Offset from, model::Offset end, size_t rows_max);

 private:
  StreamSource source_;
  std::unique_ptr<ingest::BatchDecoder> decoder_;
};

}  // namespace anabranch::speed
