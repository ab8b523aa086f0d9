// A stream's log in steps, whatever lies beside what in it.

#include "history/stream_reader.h"

#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ingest/round_trip.h"
#include "tests/support/seed.h"
#include "tests/support/stored_log.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::history {
namespace {

class StreamReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    schemas_ = log::SchemaStore::open(io::local_file_system(), folder_.path() / "schema").value();
    for (uint32_t version = 1; version <= 2; ++version) {
      model::Schema schema{version, {ingest::field("id", "bigint")}, model::OnDrift::freeze};
      if (version == 2) schema.fields.push_back(ingest::field("more", "varchar"));
      ASSERT_TRUE(schemas_->add(schema));
    }
  }

  // Reads all of the log; every offset once, in order, as events of their versions or as a bulk file.
  void check(size_t rows_max) {
    Stream source;
    source.log = &log_;
    source.schemas = schemas_.get();
    StreamReader reader(StreamPartition{source, 0});
    model::Offset at = 0;
    while (at < log_.end()) {
      log_.allow_reads(100);
      const auto events = reader.read(at, log_.end(), rows_max);
      ASSERT_TRUE(events) << "at " << at << ": " << events.error().describe();
      ASSERT_EQ(events->range.first, at);
      ASSERT_GT(events->range.end, at) << "no step forward";
      if (events->bulk) {
        EXPECT_TRUE(events->batches.empty());
        EXPECT_LE(events->range.end, events->bulk->end_offset());
      } else {
        ASSERT_EQ(events->batches.size(), 1u);
        const auto& columns = *events->batches[0];
        ASSERT_EQ(static_cast<model::Offset>(columns.rows), events->range.size());
        for (size_t row = 0; row < columns.rows; ++row)
          EXPECT_EQ(columns.columns[0].at<int64_t>(row), at + static_cast<model::Offset>(row));
      }
      at = events->range.end;
    }
    EXPECT_EQ(at, log_.end());
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<log::SchemaStore> schemas_;
  test::StoredLog log_;
};

TEST_F(StreamReaderTest, EventsOnBothSidesOfABulkFile) {
  log_.add(log::Encoding::json, 1, 3);
  log_.add(log::Encoding::bulk, 1, 4);
  log_.add(log::Encoding::json, 1, 2);
  check(1000);
}

TEST_F(StreamReaderTest, AnOlderSchemaVersionAfterANewerOne) {
  log_.add(log::Encoding::json, 1, 3);
  log_.add(log::Encoding::json, 2, 1);
  log_.add(log::Encoding::json, 1, 2);
  check(1000);
}

TEST_F(StreamReaderTest, WhatTheLogForgotIsNotWhatItNeverHad) {
  log_.add(log::Encoding::json, 1, 3);
  log_.add(log::Encoding::json, 1, 2);
  log_.forget_before(3);
  log_.allow_reads(100);
  Stream source;
  source.name = model::bronze("e");
  source.log = &log_;
  source.schemas = schemas_.get();
  StreamReader reader(StreamPartition{source, 0});
  const auto events = reader.read(1, 5, 1000);
  ASSERT_FALSE(events);
  EXPECT_EQ(events.error().code, Code::unavailable);
  EXPECT_NE(events.error().message.find("offsets 1 to 2"), std::string::npos) << events.error().message;
  EXPECT_FALSE(events.error().hint.empty());
  EXPECT_EQ(reader.read(3, 5, 1000)->range, (model::OffsetRange{3, 5}));
}

TEST_F(StreamReaderTest, AnyBatchesInAnyOrderInStepsOfAnySize) {
  const uint64_t seed = test::seed();
  SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 60; ++i) {
    const bool is_bulk = random() % 4 == 0;
    log_.add(is_bulk ? log::Encoding::bulk : log::Encoding::json, 1 + random() % 2, 1 + random() % 9);
  }
  for (const size_t rows_max : {size_t{1}, size_t{2}, size_t{7}, size_t{1 + random() % 100}, size_t{1000}})
    ASSERT_NO_FATAL_FAILURE(check(rows_max));
}

}  // namespace
}  // namespace anabranch::history
