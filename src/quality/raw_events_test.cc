#include "quality/raw_events.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ingest/round_trip.h"
#include "log/schema_store.h"
#include "log/segmented_log.h"
#include "sql/syntax.h"
#include "tests/support/log_batches.h"
#include "tests/support/plain_engine.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::quality {
namespace {

constexpr model::Offset events = 120'000;

class RawEventsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    log::SegmentedLog::Options options;
    options.segment_bytes = 200'000;
    log_ = log::SegmentedLog::open(io::local_file_system(), io::system_clock(), folder_.path() / "e", options)
               .value();
    const auto schemas =
        log::SchemaStore::open(io::local_file_system(), folder_.path() / "e" / "schema").value();
    stream_.schema = {1, {ingest::field("id", "bigint")}, model::OnDrift::freeze};
    ASSERT_TRUE(schemas->add(stream_.schema));
    for (model::Offset i = 0; i < events; i += 1000) {
      ASSERT_TRUE(log_->append_and_wait(test::numbered_events(i, 1000)));
    }
    const io::Path file = folder_.path() / "archive.parquet";
    test::PlainEngine plain;
    plain.run(
        fmt::format("COPY (SELECT range AS id, 0::INTEGER AS _partition, range AS _offset, now() AS "
                    "_ingested_at, NULL::VARCHAR AS _raw FROM range({})) TO {} (FORMAT parquet)",
                    events, sql::quote_literal(file.string())));
    stream_.name = "e";
    stream_.log_folder = (folder_.path() / "e").string();
    stream_.ends = {events};
    stream_.archive_files = {file.string()};
    stream_.archive_ends = {events};
    ASSERT_TRUE(session_.run("CREATE SCHEMA raw"));
  }

  void expect_all() {
    const auto found = session_.query("SELECT count(*), count(DISTINCT id), sum(id) FROM raw.e");
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_EQ(found->integer(0, 0), events);
    EXPECT_EQ(found->integer(0, 1), events);
    EXPECT_EQ(found->integer(0, 2), events * (events - 1) / 2);
    const auto tables = session_.query("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'raw'");
    EXPECT_EQ(tables->row_count(), 1u) << "what was only on the way is gone";
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<log::SegmentedLog> log_;
  VerifyJob::Stream stream_;
  std::unique_ptr<sql::Database> database_ = sql::Database::open({}).value();
  sql::Session session_ = database_->connect().value();
};

TEST_F(RawEventsTest, OfALogThatForgetsMeanwhileAreAllThere) {
  int removals = 0;
  const auto loaded = load_stream(session_, stream_, INT64_MAX, [&](int64_t) {
    if (removals++ > 0) return;
    const auto removed = log_->remove_before(0, events - 1000, INT64_MAX);  // what is to be read next, too
    ASSERT_TRUE(removed) << removed.error().describe();
    ASSERT_GT(log_->first_offset(0), 105'000);
  });
  ASSERT_TRUE(loaded) << loaded.error().describe();
  EXPECT_EQ(removals, 1);
  EXPECT_EQ(loaded->source, "log and archive");
  ASSERT_NO_FATAL_FAILURE(expect_all());
}

TEST_F(RawEventsTest, AreTheArchivesWhereTheLogIsEmpty) {
  ASSERT_TRUE(log_->remove_before(0, events, INT64_MAX));
  ASSERT_EQ(log_->first_offset(0), events);
  const auto loaded = load_stream(session_, stream_, INT64_MAX, nullptr);
  ASSERT_TRUE(loaded) << loaded.error().describe();
  EXPECT_EQ(loaded->source, "archive");
  ASSERT_NO_FATAL_FAILURE(expect_all());
}

TEST_F(RawEventsTest, ThatAreNowhereAreAnError) {
  ASSERT_TRUE(log_->remove_before(0, events / 2, INT64_MAX));
  stream_.archive_ends = {10};
  const auto loaded = load_stream(session_, stream_, INT64_MAX, nullptr);
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message.find("neither in the log nor in the archive"), std::string::npos)
      << loaded.error().message;
}

class StoppedClock final : public io::Clock {
 public:
  io::TimeUs now_us() override { return 1'000'000; }
  int64_t monotonic_us() override { return 0; }
};

// What a log forgets while its archive is held against it costs no other partition its events.
TEST_F(RawEventsTest, OfALogThatForgetsWhileItIsSampledAreAllThere) {
  constexpr model::Offset in_each = 40'000;
  constexpr model::Partition partitions = 3;
  log::SegmentedLog::Options options;
  options.segment_bytes = 200'000;
  options.partitions = partitions;
  StoppedClock clock;
  const io::Path folder = folder_ / "three" / "e";
  const auto log = log::SegmentedLog::open(io::local_file_system(), clock, folder, options).value();
  ASSERT_TRUE(
      log::SchemaStore::open(io::local_file_system(), folder / "schema").value()->add(stream_.schema));
  for (model::Partition partition = 0; partition < partitions; ++partition) {
    for (model::Offset i = 0; i < in_each; i += 1000) {
      auto batch = test::numbered_events(i, 1000);
      batch.partition = partition;
      ASSERT_TRUE(log->append_and_wait(std::move(batch)));
    }
  }
  stream_.log_folder = folder.string();
  stream_.ends = {in_each, in_each, in_each};
  stream_.archive_ends = stream_.ends;
  test::PlainEngine().run(
      fmt::format("COPY (SELECT i.range AS id, p.range::INTEGER AS _partition, i.range AS _offset, "
                  "make_timestamptz(1000000) AS _ingested_at, '{{\"id\":' || i.range || '}}' AS _raw "
                  "FROM range({}) i, range({}) p) TO {} (FORMAT parquet)",
                  in_each, partitions, sql::quote_literal(stream_.archive_files.front())));
  model::Partition forgotten = 0;  // so many of them
  const auto loaded = load_stream(session_, stream_, 1, [&](int64_t read) {
    if (read < in_each * (forgotten + 1)) return;
    ASSERT_TRUE(log->remove_before(forgotten, in_each - 1000, INT64_MAX));
    ASSERT_GT(log->first_offset(forgotten), in_each / 2);
    ++forgotten;
  });
  ASSERT_TRUE(loaded) << loaded.error().describe();
  EXPECT_EQ(forgotten, partitions);
  EXPECT_EQ(loaded->source, "archive");
  const auto found = session_.query(
      "SELECT _partition, count(*), count(DISTINCT _offset) FROM raw.e GROUP BY _partition ORDER BY "
      "_partition");
  ASSERT_TRUE(found) << found.error().describe();
  ASSERT_EQ(found->row_count(), static_cast<size_t>(partitions));
  for (size_t i = 0; i < found->row_count(); ++i) {
    EXPECT_EQ(found->integer(i, 1), in_each) << "of partition " << i;
    EXPECT_EQ(found->integer(i, 2), in_each) << "of partition " << i;
  }
}

}  // namespace
}  // namespace anabranch::quality
