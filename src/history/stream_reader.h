#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/archive_files.h"
#include "history/stream.h"
#include "ingest/decoder.h"
#include "log/batch.h"
#include "model/column_batch.h"

namespace anabranch::history {

/// Consecutive durable events of one partition of a stream, ready to be evaluated: decoded columns, or a
/// range of files.
struct Events {
  std::vector<std::shared_ptr<const model::ColumnBatch>> batches;
  log::BatchPtr bulk;                 // a bulk file; then `batches` is empty
  std::vector<std::string> archived;  // files of the archive that hold the range; then `batches` is empty
  StreamPartition partition;          // of events in files: whose they are
  model::OffsetRange range;

  bool lie_in_files() const { return bulk || !archived.empty(); }
};

/// Reads the events of one partition of a stream in order: from the log, and what the log forgot from the
/// archive. One thread at a time.
class StreamReader {
 public:
  /// From the log alone.
  explicit StreamReader(StreamPartition partition) : partition_(std::move(partition)) {}
  /// The database outlives the reader, and may read the archive's files.
  StreamReader(const StreamPartition& partition, const Archive& archive, sql::Database& database)
      : partition_(partition), archive_(std::in_place, partition, archive, database) {}

  /// Events from `from` up to `end`, at most about rows_max, of files more; an empty range when there are
  /// none. unavailable: they are neither in the log nor in the archive; corrupt: the archive has not each
  /// once.
  Result<Events> read(model::Offset from, model::Offset end, size_t rows_max);

 private:
  Result<Events> read_log(model::Offset from, model::Offset end, size_t rows_max);
  Result<Events> read_archive(model::OffsetRange range);

  StreamPartition partition_;
  std::optional<ArchiveFiles> archive_;
  std::unique_ptr<ingest::BatchDecoder> decoder_;
};

}  // namespace anabranch::history
