#include "ingest/decoder.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.h"

namespace anabranch::ingest {
namespace {

std::unexpected<Error> corrupt(const log::Batch& batch, model::Offset offset, std::string_view problem) {
  return fail(Code::corrupt,
              fmt::format("partition {}, offset {}, schema version {}: the event cannot be read again: {}",
                          batch.partition, offset, batch.schema_version, problem),
              "the log or its schema versions were changed; restore them from a copy");
}

// Several payloads that live and die together.
std::shared_ptr<const std::string> owner_of(std::vector<std::shared_ptr<const std::string>> payloads) {
  if (payloads.empty()) return nullptr;
  if (payloads.size() == 1) return payloads.front();
  auto all = std::make_shared<std::vector<std::shared_ptr<const std::string>>>(std::move(payloads));
  return {all, all->front().get()};
}

}  // namespace

BatchDecoder::BatchDecoder(model::SchemaPtr schema) {
  ANABRANCH_ASSERT(schema != nullptr);
  events_.schema = std::move(schema);
  begin();
}

void BatchDecoder::begin() {
  model::SchemaPtr schema = std::move(events_.schema);
  events_ = {};
  events_.columns.resize(schema->fields.size());
  events_.schema = std::move(schema);
  ingested_at_us_.clear();
  payloads_.clear();
}

void BatchDecoder::grow(size_t rows) {
  for (size_t i = 0; i < events_.columns.size(); ++i) {
    model::Column& column = events_.columns[i];
    const size_t bytes = events_.schema->fields[i].type.layout_bytes();
    column.valid.resize(rows);
    if (bytes == 0) {
      column.texts.resize(rows);
    } else {
      column.fixed.resize(rows * bytes);
    }
  }
  events_.raw.resize(rows);
}

Status BatchDecoder::add(const log::Batch& batch, model::Offset from, model::Offset end) {
  ANABRANCH_ASSERT(batch.schema_version == events_.schema->version);
  const model::Offset first = std::max(from, batch.base_offset);
  const model::Offset last = std::min(end, batch.end_offset());
  if (first >= last) return {};
  ANABRANCH_ASSERT(events_.rows == 0 ||
                   (events_.partition == batch.partition && events_.end_offset() == first));
  if (batch.encoding == log::Encoding::bulk) {
    return fail(Code::refused,
                fmt::format("partition {}, offset {}: rows of a bulk file are not in the log",
                            batch.partition, batch.base_offset),
                "read the file that the record names");
  }
  std::optional<std::vector<std::string_view>> records;
  if (batch.payload != nullptr) records = log::split_records(*batch.payload);
  const bool has_header = batch.encoding == log::Encoding::csv;
  if (!records || records->size() != size_t{batch.count} + (has_header ? 1 : 0)) {
    return corrupt(batch, batch.base_offset, "the batch does not hold as many records as it counts");
  }
  const std::string_view header = has_header ? records->front() : std::string_view();
  const auto begin = records->begin() + (has_header ? 1 : 0);
  records->erase(begin + (last - batch.base_offset), records->end());
  records->erase(records->begin(), begin + (first - batch.base_offset));

  const size_t rows_before = events_.rows;
  first_of_add_ = first;
  if (rows_before == 0) {
    events_.partition = batch.partition;
    events_.first_offset = first;
    events_.ingested_at_us = batch.ingested_at_us;
  }
  grow(rows_before + records->size());
  Status added;
  if (has_header) {
    added = add_csv(batch, header, *records);
  } else {
    const bool is_object = batch.encoding == log::Encoding::json;
    std::unique_ptr<JsonEventReader>& reader = is_object ? objects_ : cloudevents_;
    if (reader == nullptr) {
      reader = std::make_unique<JsonEventReader>(
          *events_.schema, is_object ? JsonEventReader::Shape::object : JsonEventReader::Shape::cloudevent);
    }
    added = add_json(batch, *reader, *records);
  }
  if (!added) {
    grow(rows_before);
    return added;
  }
  events_.rows += records->size();
  ingested_at_us_.resize(events_.rows, batch.ingested_at_us);
  payloads_.push_back(batch.payload);
  return {};
}

Status BatchDecoder::add_json(const log::Batch& batch, JsonEventReader& reader,
                              const std::vector<std::string_view>& records) {
  TextArena arena(events_.arena);
  const char* const payload_end = batch.payload->data() + batch.payload->size();
  std::string problem;
  Row row{events_.columns.data(), events_.rows, &arena};
  for (const std::string_view record : records) {
    const auto bytes_after = static_cast<size_t>(payload_end - (record.data() + record.size()));
    if (!reader.read(record, bytes_after, row, problem)) {
      return corrupt(batch, first_of_add_ + static_cast<model::Offset>(row.row - events_.rows), problem);
    }
    events_.raw[row.row++] = record;
  }
  return {};
}

Status BatchDecoder::add_csv(const log::Batch& batch, std::string_view header,
                             const std::vector<std::string_view>& records) {
  if (csv_ == nullptr || csv_header_ != header) {
    csv_ = std::make_unique<CsvEventReader>(*events_.schema);
    if (Status read = csv_->read_header(header); !read) {
      csv_.reset();
      return corrupt(batch, first_of_add_, read.error().message);
    }
    csv_header_ = header;
  }
  TextArena arena(events_.arena);
  std::string problem;
  Row row{events_.columns.data(), events_.rows, &arena};
  for (const std::string_view record : records) {
    if (!csv_->read(record, row, problem)) {
      return corrupt(batch, first_of_add_ + static_cast<model::Offset>(row.row - events_.rows), problem);
    }
    events_.raw[row.row++] = record;
  }
  return {};
}

BatchDecoder::Decoded BatchDecoder::take() {
  Decoded decoded{std::move(events_), std::move(ingested_at_us_)};
  decoded.events.payload = owner_of(std::move(payloads_));
  events_.schema = decoded.events.schema;
  begin();
  return decoded;
}

Result<model::ColumnBatch> decode(const log::Batch& batch, model::SchemaPtr schema, model::Offset from,
                                  model::Offset end) {
  BatchDecoder decoder(std::move(schema));
  TRY(decoder.add(batch, from, end));
  model::ColumnBatch events = decoder.take().events;
  if (events.rows == 0) {
    events.partition = batch.partition;
    events.first_offset = std::max(from, batch.base_offset);
    events.ingested_at_us = batch.ingested_at_us;
  }
  return events;
}

}  // namespace anabranch::ingest
