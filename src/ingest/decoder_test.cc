// Batches of the log become columns.

#include "ingest/decoder.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/round_trip.h"

namespace anabranch::ingest {
namespace {

using ::testing::HasSubstr;

model::SchemaPtr schema() {
  return std::make_shared<const model::Schema>(
      model::Schema{3, {field("n", "integer"), field("s", "varchar")}, model::OnDrift::freeze});
}

log::Batch stored(BodyFormat format, std::string_view body, model::Offset base_offset) {
  return as_stored(EventParser(*schema()).parse(format, body)->batch, base_offset);
}

bool is_within(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

TEST(Decoder, TakesOnlyTheOffsetsAskedFor) {
  const std::string json = "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n";
  for (const auto& batch :
       {stored(BodyFormat::ndjson, json, 100), stored(BodyFormat::csv, "n\n0\n1\n2\n3\n", 100)}) {
    for (model::Offset from = 98; from <= 106; ++from) {
      for (model::Offset end = from; end <= 106; ++end) {
        const auto events = decode(batch, schema(), from, end);
        ASSERT_TRUE(events);
        events->check_invariants();
        const model::Offset first = std::clamp<model::Offset>(from, 100, 104);
        const model::Offset last = std::clamp<model::Offset>(end, 100, 104);
        ASSERT_EQ(events->rows, static_cast<size_t>(std::max<model::Offset>(0, last - first)));
        EXPECT_EQ(events->ingested_at_us, batch.ingested_at_us);
        EXPECT_TRUE(events->row_ingested_at_us.empty());
        for (size_t row = 0; row < events->rows; ++row) {
          EXPECT_EQ(events->first_offset, first);
          EXPECT_EQ(events->columns[0].at<int32_t>(row), first - 100 + static_cast<model::Offset>(row));
        }
      }
    }
  }
}

TEST(Decoder, TextsWithoutEscapesAreViewsIntoThePayload) {
  // The last record is read from a copy, for lack of bytes behind it; its views still point into the payload.
  const auto batch =
      stored(BodyFormat::ndjson, "{\"s\":\"plain\"}\n{\"s\":\"a\\nb\"}\n{\"s\":\"last\"}\n", 0);
  const auto events = decode(batch, schema(), 0, 10).value();
  EXPECT_TRUE(is_within(events.columns[1].texts[0], *batch.payload));
  EXPECT_FALSE(is_within(events.columns[1].texts[1], *batch.payload));
  EXPECT_EQ(events.columns[1].texts[1], "a\nb");
  EXPECT_TRUE(is_within(events.columns[1].texts[2], *batch.payload));
  for (const std::string_view raw : events.raw) EXPECT_TRUE(is_within(raw, *batch.payload));
  const auto csv = stored(BodyFormat::csv, "s\nplain\n\"quoted\"\n\"dou\"\"bled\"\n", 0);
  const auto rows = decode(csv, schema(), 0, 10).value();
  EXPECT_TRUE(is_within(rows.columns[1].texts[0], *csv.payload));
  EXPECT_TRUE(is_within(rows.columns[1].texts[1], *csv.payload));
  EXPECT_EQ(rows.columns[1].texts[2], "dou\"bled");
}

TEST(Decoder, ManyBatchesBecomeOneSetOfColumns) {
  BatchDecoder decoder(schema());
  EXPECT_EQ(decoder.take().events.rows, 0u);
  for (int round = 0; round < 2; ++round) {
    model::Offset offset = 7;
    for (int i = 0; i < 300; ++i) {
      // The batches go out of scope: the columns keep what they need.
      const std::string text(static_cast<size_t>(i % 40), 'x');
      const auto batch =
          i % 3 == 0 ? stored(BodyFormat::csv, fmt::format("s,n\n\"{}\"\"\",{}\n", text, i), offset)
          : i % 3 == 1
              ? stored(BodyFormat::ndjson, fmt::format("{{\"n\":{},\"s\":\"{}\\\"\"}}", i, text), offset)
              : stored(BodyFormat::cloudevents,
                       fmt::format(R"({{"specversion":"1.0","id":"1","source":"s","type":"t",)"
                                   R"("data":{{"s":"{}\"","n":{}}}}})",
                                   text, i),
                       offset);
      ASSERT_TRUE(decoder.add(batch, 0, 1000));
      ++offset;
    }
    EXPECT_EQ(decoder.rows(), 300u);
    const BatchDecoder::Decoded decoded = decoder.take();
    decoded.events.check_invariants();
    EXPECT_EQ(decoded.events.first_offset, 7);
    ASSERT_EQ(decoded.events.rows, 300u);
    for (size_t i = 0; i < 300; ++i) {
      EXPECT_EQ(decoded.events.columns[0].at<int32_t>(i), static_cast<int32_t>(i));
      EXPECT_EQ(decoded.events.columns[1].texts[i], std::string(i % 40, 'x') + "\"");
      EXPECT_EQ(decoded.ingested_at_us[i], 1'000'007 + static_cast<int64_t>(i));
    }
    EXPECT_EQ(decoder.rows(), 0u);
  }
}

TEST(Decoder, WhatCannotBeReadIsCorruptAndNamesItsOffset) {
  const auto good = stored(BodyFormat::ndjson, "{\"n\":1}\n", 40);
  log::Batch bad = good;
  bad.base_offset = 41;
  bad.count = 2;
  bad.partition = good.partition;
  std::string payload;
  log::put_record(payload, "{\"n\":2}");
  log::put_record(payload, "{\"n\":\"3\"}");
  bad.payload = std::make_shared<const std::string>(payload);
  BatchDecoder decoder(schema());
  ASSERT_TRUE(decoder.add(good, 0, 100));
  const Status added = decoder.add(bad, 0, 100);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, Code::corrupt);
  EXPECT_THAT(added.error().message, HasSubstr("partition 0, offset 42"));
  EXPECT_THAT(added.error().message, HasSubstr("field n: \"3\" is a string"));
  // What came before stays, and the sound part can be asked for.
  ASSERT_TRUE(decoder.add(bad, 0, 42));
  const BatchDecoder::Decoded decoded = decoder.take();
  decoded.events.check_invariants();
  EXPECT_EQ(decoded.events.rows, 2u);

  log::Batch cut = good;
  cut.payload = std::make_shared<const std::string>(good.payload->substr(0, good.payload->size() - 1));
  EXPECT_EQ(decode(cut, schema(), 0, 100).error().code, Code::corrupt);
  cut = good;
  cut.count = 2;
  EXPECT_EQ(decode(cut, schema(), 0, 100).error().code, Code::corrupt);
  log::Batch bulk = good;
  bulk.encoding = log::Encoding::bulk;
  EXPECT_EQ(decode(bulk, schema(), 0, 100).error().code, Code::refused);
}

TEST(Decoder, UndeclaredFieldsDoNotMatterAfterwards) {
  // Kept under freeze; the same version read as quarantine still decodes.
  const auto batch = stored(BodyFormat::ndjson, "{\"x\":{\"deep\":[1]},\"n\":5,\"y\":\"\\u00e9\"}\n", 0);
  model::Schema strict = *schema();
  strict.on_drift = model::OnDrift::quarantine;
  const auto events = decode(batch, std::make_shared<const model::Schema>(strict), 0, 1);
  ASSERT_TRUE(events);
  EXPECT_EQ(shown(*events, 0, 0), "5");
  EXPECT_EQ(shown(*events, 1, 0), "NULL");
}

}  // namespace
}  // namespace anabranch::ingest
