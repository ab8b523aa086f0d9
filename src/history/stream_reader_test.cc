// A stream's log in steps, whatever lies beside what in it.

#include "history/stream_reader.h"

#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ingest/round_trip.h"
#include "tests/support/log_batches.h"
#include "tests/support/seed.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::history {
namespace {

/// A log of batches that are there already. Reads fail after many, so that a reader which goes round in
/// circles is seen.
class StoredLog final : public log::EventLog {
 public:
  void add(log::Encoding encoding, uint32_t schema_version, uint32_t count) {
    log::NewBatch batch = test::numbered_events(end_, count);
    batch.schema_version = schema_version;
    batch.encoding = encoding;
    batches_.push_back(std::make_shared<const log::Batch>(ingest::as_stored(batch, end_)));
    end_ += count;
  }
  model::Offset end() const { return end_; }
  void allow_reads(int reads) { reads_left_ = reads; }

  Result<std::vector<log::BatchPtr>> read(model::Partition, model::Offset from, model::Offset end,
                                          size_t) const override {
    if (reads_left_-- == 0) return fail(Code::internal, "read again and again");
    std::vector<log::BatchPtr> found;
    for (const auto& batch : batches_) {
      if (batch->end_offset() > from && batch->base_offset < end) found.push_back(batch);
    }
    return found;
  }
  Result<std::vector<log::BatchPtr>> bulk_batches(model::Partition, model::Offset,
                                                  model::Offset) const override {
    return std::vector<log::BatchPtr>{};
  }
  std::vector<model::Offset> durable_offsets() const override { return {end_}; }
  void append(log::NewBatch, Done) override {}
  void on_durable(std::function<void()>) override {}
  uint64_t next_sequence(std::string_view) const override { return 0; }
  uint64_t quarantined_count() const override { return 0; }
  Result<std::vector<log::QuarantineEntry>> quarantine(const std::optional<QuarantinePosition>&,
                                                       size_t) const override {
    return std::vector<log::QuarantineEntry>{};
  }
  uint64_t bytes_on_disk() const override { return 0; }

 private:
  std::vector<log::BatchPtr> batches_;
  model::Offset end_ = 0;
  mutable int reads_left_ = 0;
};

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
    StreamReader reader(source);
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
  StoredLog log_;
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
