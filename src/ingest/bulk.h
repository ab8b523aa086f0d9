#pragma once
// Bulk files: many events in one log record that names a Parquet file beside the log (DESIGN: the log is the
// only door).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "log/batch.h"
#include "model/schema.h"

namespace anabranch::ingest {

/// The record of a batch of encoding bulk. Row i of the file is the event at base_offset + i.
struct BulkFile {
  std::string name;  // in the folder `bulk` of the partition
  int64_t rows = 0;
  uint64_t bytes = 0;
  uint32_t crc32c = 0;               // of the whole file
  std::vector<std::string> columns;  // that the file has, as fields are stored (model/schema.h)

  std::string to_json() const;
  static Result<BulkFile> from_json(std::string_view json);
};

/// The record of a bulk batch. corrupt when the batch is none or its record cannot be read.
Result<BulkFile> bulk_file(const log::Batch& batch);

/// `log/<stream>/<partition>/bulk`.
io::Path bulk_folder(const io::Path& stream_folder, model::Partition partition);

/// A table expression with the schema's columns and the four system columns: the events of the batch with
/// offsets in [from, end). Evaluated by an engine that may read `folder`.
std::string bulk_relation(const BulkFile& file, const io::Path& folder, const log::Batch& batch,
                          const model::Schema& schema, model::Offset from, model::Offset end);

}  // namespace anabranch::ingest
