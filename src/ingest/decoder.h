#pragma once
// Batches of the log become typed columns.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/cell.h"
#include "ingest/csv_event_reader.h"
#include "ingest/json_event_reader.h"
#include "log/batch.h"
#include "model/column_batch.h"

namespace anabranch::ingest {

/// Decodes consecutive batches of one partition and one schema version into one set of columns, so that many
/// small requests make one large step. One thread at a time; keeps its buffers between steps.
class BatchDecoder {
 public:
  explicit BatchDecoder(model::SchemaPtr schema);

  /// Adds the events of a batch whose offsets lie in [from, end); they must follow those added before.
  /// corrupt names partition and offset of what cannot be read; what was added before stays. Bulk batches are
  /// refused: their rows are in files.
  Status add(const log::Batch& batch, model::Offset from, model::Offset end);

  size_t rows() const { return events_.rows; }
  const model::SchemaPtr& schema() const { return events_.schema; }

  struct Decoded {
    model::ColumnBatch events;            // its ingested_at_us is that of the first row
    std::vector<int64_t> ingested_at_us;  // of each row
  };
  /// What was added since the last take(). May be no rows.
  Decoded take();

 private:
  Status add_json(const log::Batch& batch, JsonEventReader& reader,
                  const std::vector<std::string_view>& records);
  Status add_csv(const log::Batch& batch, std::string_view header,
                 const std::vector<std::string_view>& records);
  void grow(size_t rows);
  void begin();

  model::ColumnBatch events_;
  std::vector<int64_t> ingested_at_us_;
  std::vector<std::shared_ptr<const std::string>> payloads_;
  model::Offset first_of_add_ = 0;
  std::unique_ptr<JsonEventReader> objects_;
  std::unique_ptr<JsonEventReader> cloudevents_;
  std::unique_ptr<CsvEventReader> csv_;
  std::string csv_header_;  // the one that csv_ has read
};

/// One batch: its events with offsets in [from, end).
Result<model::ColumnBatch> decode(const log::Batch& batch, model::SchemaPtr schema, model::Offset from,
                                  model::Offset end);

}  // namespace anabranch::ingest
