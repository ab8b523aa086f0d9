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

}  // namespace
}  // namespace anabranch::quality
