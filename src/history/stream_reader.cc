#include "history/stream_reader.h"

#include <algorithm>

namespace anabranch::history {
namespace {

constexpr size_t read_bytes_max = 8 << 20;
// A step over a file is read once a statement: few large steps.
constexpr size_t file_step_factor = 25;
constexpr size_t file_rows_max = 500'000;

// The end of a step over a file that begins at `from`.
model::Offset file_step_end(model::Offset from, size_t rows_max) {
  return from +
         static_cast<model::Offset>(std::max(rows_max, std::min(rows_max * file_step_factor, file_rows_max)));
}

}  // namespace

Result<Events> StreamReader::read(model::Offset from, model::Offset end, size_t rows_max) {
  while (true) {
    const model::Offset kept = partition_.first_offset();
    if (from < std::min(end, kept)) {
      if (!archive_) return fail_nowhere(partition_, {from, std::min(end, kept)});
      return read_archive({from, std::min({end, kept, file_step_end(from, rows_max)})});
    }
    auto events = read_log(from, end, rows_max);
    // What was there is in the archive meanwhile.
    const bool is_gone =
        !events && events.error().code == Code::not_found && partition_.first_offset() > kept;
    if (!is_gone) return events;
    decoder_.reset();
  }
}

Result<Events> StreamReader::read_archive(model::OffsetRange range) {
  Events events;
  events.archived = TRY(archive_->holding(range));
  events.partition = partition_;
  events.range = range;
  return events;
}

Result<Events> StreamReader::read_log(model::Offset from, model::Offset end, size_t rows_max) {
  Events events;
  events.range = {from, from};
  while (events.range.end < end && static_cast<size_t>(events.range.size()) < rows_max) {
    const auto batches =
        TRY(partition_.stream.log->read(partition_.number, events.range.end, end, read_bytes_max));
    if (batches.empty()) break;
    bool is_step_over = false;  // what comes next is of another kind, wherever it stands in `batches`
    for (const log::BatchPtr& batch : batches) {
      const model::Offset room = from + static_cast<model::Offset>(rows_max);
      if (events.range.end >= std::min(end, room)) break;
      if (batch->encoding == log::Encoding::bulk) {
        if (events.range.size() == 0) {
          events.bulk = batch;
          events.partition = partition_;
          events.range.end = std::min({end, batch->end_offset(), file_step_end(from, rows_max)});
        }
        is_step_over = true;  // a bulk file is a step of its own
        break;
      }
      if (!decoder_ || decoder_->schema()->version != batch->schema_version) {
        if (decoder_ && decoder_->rows() > 0) {
          is_step_over = true;  // the next step begins with the new schema version
          break;
        }
        decoder_ = std::make_unique<ingest::BatchDecoder>(
            TRY(partition_.stream.schemas->get(batch->schema_version)));
      }
      TRY(decoder_->add(*batch, events.range.end, end));
      events.range.end = std::min(end, batch->end_offset());
    }
    if (is_step_over) break;
  }
  if (decoder_ && decoder_->rows() > 0) {
    auto decoded = decoder_->take();
    decoded.events.row_ingested_at_us = std::move(decoded.ingested_at_us);
    events.batches.push_back(std::make_shared<const model::ColumnBatch>(std::move(decoded.events)));
  }
  return events;
}

}  // namespace anabranch::history
