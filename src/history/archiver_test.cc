// The archive of a stream has each event once, as it came, however often its files are put together.

#include "history/archiver.h"

#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/ingestor.h"
#include "ingest/round_trip.h"
#include "lake/local_store.h"
#include "log/segmented_log.h"
#include "sql/object_urls.h"
#include "tests/support/seed.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::history {
namespace {

class ArchiverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    log_ = log::SegmentedLog::open(files_, io::system_clock(), folder_ / "log" / "e", {}).value();
    schemas_ = log::SchemaStore::open(files_, folder_ / "log" / "e" / "schema").value();
    ASSERT_TRUE(sql::give_objects(*database_, store_));
    ASSERT_TRUE(schemas_->add({1, {ingest::field("id", "bigint")}, model::OnDrift::evolve}));
    ingestor_ = std::make_unique<ingest::Ingestor>("e", *log_, *schemas_);
    history_ = std::make_unique<History>(
        *database_,
        std::vector<Stream>{{model::bronze("e"), log_.get(), schemas_.get(), folder_ / "log" / "e"}});
    start();
  }
  void start() { archiver_ = std::make_unique<Archiver>(store_, *database_, *history_, io::system_clock()); }

  // An event's other field is new in each hundred.
  void archive(int64_t count) {
    std::string body;
    for (int64_t i = 0; i < count; ++i, ++end_)
      body += fmt::format("{{\"id\":{},\"f{}\":\"x{}\"}}\n", 3 * end_, end_ / 100, end_);
    ASSERT_TRUE(ingestor_->accept_and_wait(ingest::BodyFormat::ndjson, body));
    const Status archived = archiver_->archive({{"e", {end_}}});
    ASSERT_TRUE(archived) << archived.error().describe();
  }
  bool tidy(int64_t removed_after_ms = INT64_MAX) {
    const auto tidied = archiver_->tidy(removed_after_ms);
    EXPECT_TRUE(tidied) << tidied.error().describe();
    return tidied.value_or(false);
  }
  Archive archives() { return archiver_->archives().value().at("bronze.e"); }
  std::vector<std::string> files() {
    std::vector<std::string> all;
    const auto objects = store_.list("lake/bronze/e/part-").value();
    for (const auto& object : objects) all.push_back(sql::object_url(object.key));
    return all;
  }
  // All columns of all events, in order, from the archive; or from the log alone.
  std::vector<std::string> rows(bool is_archive) {
    const auto schema = schemas_->latest();
    EXPECT_TRUE(history_->prepare("bronze.e", *schema, History::Reader::query));
    const auto relation =
        history_->relation("bronze.e", *schema, is_archive ? archives() : Archive(), {end_}).value();
    auto session = database_->connect().value();
    const auto found =
        session.query(fmt::format("SELECT e::VARCHAR FROM ({}) AS e ORDER BY e._offset", relation));
    EXPECT_TRUE(found) << found.error().describe();
    std::vector<std::string> all;
    for (size_t i = 0; found && i < found->row_count(); ++i) all.push_back(found->text(i, 0).value());
    return all;
  }

  io::FileSystem& files_ = io::local_file_system();
  test::TemporaryFolder folder_;
  lake::LocalStore store_{files_, folder_.path()};
  std::unique_ptr<sql::Database> database_ = sql::Database::open({}).value();
  std::unique_ptr<log::SegmentedLog> log_;
  std::unique_ptr<log::SchemaStore> schemas_;
  std::unique_ptr<ingest::Ingestor> ingestor_;
  std::unique_ptr<History> history_;
  std::unique_ptr<Archiver> archiver_;
  int64_t end_ = 0;
};

TEST_F(ArchiverTest, ManySmallFilesBecomeFew) {
  const uint64_t seed = test::seed();
  SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", seed));
  std::mt19937_64 random(seed);
  size_t most = 0;
  for (int i = 0; i < 60; ++i) {
    archive(std::uniform_int_distribution<int64_t>(1, 20)(random));
    tidy();
    most = std::max(most, archives().files().size());
    if (i % 20 == 19) start();  // another process
  }
  EXPECT_LT(most, 16u);
  EXPECT_GT(most, 2u);
  EXPECT_EQ(files().size(), archives().files().size());
  const auto archived = rows(true);
  EXPECT_EQ(archived.size(), static_cast<size_t>(end_));
  EXPECT_EQ(archived, rows(false)) << "as the log has them, fields that came later too";
}

TEST_F(ArchiverTest, LargeFilesStayAsTheyAre) {
  archive(5'000);
  const auto large = archives().files();
  for (int i = 0; i < 20; ++i) {
    archive(3);
    tidy();
  }
  EXPECT_EQ(archives().files().front(), large.front());
  EXPECT_EQ(rows(true), rows(false));
}

TEST_F(ArchiverTest, WhatIsReadStaysUntilItIsNot) {
  for (int i = 0; i < 8; ++i) archive(2);
  auto reading = std::make_unique<Archive>(archives());
  auto another = std::make_unique<Archive>(*reading);
  ASSERT_EQ(reading->files().size(), 8u);
  EXPECT_TRUE(tidy());
  EXPECT_EQ(archives().files().size(), 1u);
  EXPECT_EQ(files().size(), 9u) << "a reader holds them";
  reading.reset();
  tidy();
  EXPECT_EQ(files().size(), 9u) << "another one does";
  another.reset();
  tidy();
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(ArchiverTest, OthersMayGoBackForAWhile) {
  for (int i = 0; i < 8; ++i) archive(2);
  EXPECT_TRUE(tidy(0));
  EXPECT_EQ(files().size(), 9u);
  start();
  archive(1);
  EXPECT_EQ(files().size(), 10u) << "no leftovers: the table's log names them";
  tidy(INT64_MAX);
  EXPECT_EQ(files().size(), 2u);
}

TEST_F(ArchiverTest, WhatACrashLeftGoes) {
  archive(2);
  const std::string left = "lake/bronze/e/part-00000-00000000000000000002-0badcafe.parquet";
  const std::string theirs = "lake/bronze/e/part-00000-0badcafe.parquet";
  ASSERT_TRUE(store_.put_if_absent(left, "half"));
  ASSERT_TRUE(store_.put_if_absent(theirs, "theirs"));
  start();
  archive(2);
  EXPECT_EQ(store_.get(left).error().code, Code::not_found);
  EXPECT_TRUE(store_.get(theirs));
}

TEST_F(ArchiverTest, FilesThatDoNotHaveEachEventOnceAreLeftAsTheyAre) {
  archive(40);  // numbers of as many digits follow
  for (int i = 0; i < 8; ++i) archive(2);
  // One file has the events of the one before.
  const auto all = archives().files();
  const std::string bytes = store_.get(*sql::object_key(all[3])).value();
  ASSERT_EQ(bytes.size(), store_.get(*sql::object_key(all[4])).value().size());
  ASSERT_TRUE(files_.write_atomically(folder_ / *sql::object_key(all[4]), bytes));
  const auto tidied = archiver_->tidy(INT64_MAX);
  ASSERT_FALSE(tidied);
  EXPECT_EQ(tidied.error().code, Code::corrupt);
  EXPECT_EQ(files().size(), 9u);
  EXPECT_EQ(archives().files(), all);
}

}  // namespace
}  // namespace anabranch::history
