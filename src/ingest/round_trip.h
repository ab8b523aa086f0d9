#pragma once
// For tests: what was parsed goes into a batch as the log keeps it, and is decoded again.

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ingest/decoder.h"
#include "ingest/event_parser.h"

namespace anabranch::ingest {

inline model::Field field(std::string name, std::string_view type, bool required = false) {
  return {std::move(name), model::Type::parse(type).value(), required, {}};
}

/// A value as the tests write it: integers and decimals as their digits, texts as they are, NULL.
inline std::string shown(const model::ColumnBatch& events, size_t field, size_t row) {
  using Layout = model::Type::Layout;
  const model::Column& column = events.columns[field];
  if (!column.valid[row]) return "NULL";
  switch (events.schema->fields[field].type.layout()) {
    case Layout::i8:
      return fmt::to_string(int{column.at<int8_t>(row)});
    case Layout::i16:
      return fmt::to_string(column.at<int16_t>(row));
    case Layout::i32:
      return fmt::to_string(column.at<int32_t>(row));
    case Layout::i64:
      return fmt::to_string(column.at<int64_t>(row));
    case Layout::i128:
      return fmt::format("{}", column.at<__int128>(row));
    case Layout::u8:
      return fmt::to_string(unsigned{column.at<uint8_t>(row)});
    case Layout::u16:
      return fmt::to_string(column.at<uint16_t>(row));
    case Layout::u32:
      return fmt::to_string(column.at<uint32_t>(row));
    case Layout::u64:
      return fmt::to_string(column.at<uint64_t>(row));
    case Layout::f32:
      return fmt::to_string(column.at<float>(row));
    case Layout::f64:
      return fmt::to_string(column.at<double>(row));
    case Layout::text:
      return std::string(column.texts[row]);
  }
  return {};
}

inline log::Batch as_stored(const log::NewBatch& batch, model::Offset base_offset) {
  log::Batch stored;
  stored.base_offset = base_offset;
  stored.count = batch.count;
  stored.schema_version = batch.schema_version;
  stored.encoding = batch.encoding;
  stored.ingested_at_us = 1'000'000 + base_offset;
  stored.payload = std::make_shared<const std::string>(batch.payload);
  stored.rejects = batch.rejects;
  return stored;
}

struct RoundTrip {
  std::vector<model::Field> new_fields;
  std::vector<log::Reject> rejects;
  log::NewBatch batch;
  model::ColumnBatch events;

  std::string value(size_t field, size_t row = 0) const { return shown(events, field, row); }
  std::vector<std::string> reasons() const {
    std::vector<std::string> all;
    for (const log::Reject& reject : rejects) all.push_back(reject.reason);
    return all;
  }
};

/// Parses, again while there are new fields, and decodes.
inline RoundTrip round_trip(model::Schema schema, BodyFormat format, std::string_view body) {
  RoundTrip trip;
  auto parsed = EventParser(schema).parse(format, body);
  EXPECT_TRUE(parsed) << parsed.error().describe();
  if (!parsed) return trip;
  while (!parsed->new_fields.empty()) {
    const std::vector<model::Field> added = std::move(parsed->new_fields);
    const size_t records = parsed->batch.count + parsed->batch.rejects.size();
    ++schema.version;
    schema.fields.insert(schema.fields.end(), added.begin(), added.end());
    trip.new_fields.insert(trip.new_fields.end(), added.begin(), added.end());
    parsed = EventParser(schema).parse(format, body);
    EXPECT_TRUE(parsed) << parsed.error().describe();
    if (!parsed) return trip;
    EXPECT_EQ(parsed->batch.count + parsed->batch.rejects.size(), records);
    EXPECT_EQ(parsed->batch.schema_version, schema.version);
  }
  trip.batch = std::move(parsed->batch);
  trip.rejects = trip.batch.rejects;
  const log::Batch stored = as_stored(trip.batch, 10);
  auto events = decode(stored, std::make_shared<const model::Schema>(schema), 0, 1'000'000);
  EXPECT_TRUE(events) << events.error().describe();
  if (!events) return trip;
  trip.events = std::move(*events);
  trip.events.check_invariants();
  EXPECT_EQ(trip.events.rows, trip.batch.count);
  return trip;
}

}  // namespace anabranch::ingest
