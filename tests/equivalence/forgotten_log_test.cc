// A log that has forgotten what is in the archive: views whose builds cannot be used are computed from the
// archive, and where that is damaged, all else is answered.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/corpus_project.h"
#include "tests/support/open_platform.h"
#include "tests/support/plain_engine.h"
#include "tests/support/platform_reads.h"
#include "tests/support/temporary_folder.h"

namespace anabranch {
namespace {

class ForgottenLog : public ::testing::Test {
 protected:
  void SetUp() override {
    test::write_text(folder_ / "anabranch.yml", "name: forgotten\n");
    for (const char* stream : {"e", "other"}) {
      test::write_text(folder_ / "streams" / fmt::format("{}.yml", stream),
                       "fields:\n  - {name: id, type: bigint}\n  - {name: k, type: varchar}\n");
    }
    write_model("sums", "SELECT k, count(*) AS n, sum(id) AS s FROM bronze.e GROUP BY k");
    write_model("last", "SELECT k, arg_max(id, _offset) AS id FROM bronze.e GROUP BY k");
    write_model("whole", "SELECT id, _offset, _raw, row_number() OVER (ORDER BY _offset) AS r FROM bronze.e");
    write_model("others", "SELECT k, count(*) AS n FROM bronze.other GROUP BY k");
  }
  void TearDown() override { platform_.reset(); }

  void write_model(const std::string& name, const std::string& sql) {
    test::write_text(folder_ / "models" / "gold" / (name + ".sql"), sql + "\n");
  }

  void start() {
    platform_.reset();
    speed::SpeedLayer::Options options;
    options.replay_rows_max = 10;
    options.compaction_rows = 100;
    auto opened = test::open_platform(folder_.path(), options);
    ASSERT_TRUE(opened) << opened.error().describe();
    platform_ = std::move(*opened);
    const Status started = platform_->start();
    ASSERT_TRUE(started) << started.error().describe();
  }

  void post(const std::string& stream, int64_t count) {
    std::string body;
    for (int64_t i = 0; i < count; ++i, ++posted_)
      body += fmt::format("{{\"id\":{},\"k\":\"{}\"}}\n", posted_ * 7, posted_ % 5);
    const auto accepted = platform_->stream(stream)->accept_and_wait(ingest::BodyFormat::ndjson, body);
    ASSERT_TRUE(accepted) << accepted.error().describe();
  }

  void import(int64_t count) {
    const io::Path file = scratch_ / "events.parquet";
    test::PlainEngine plain;
    plain.run(fmt::format("COPY (SELECT range AS id, 'bulk' AS k FROM range({})) TO {} (FORMAT parquet)",
                          count, sql::quote_literal(file.string())));
    const auto bulk = platform_->ingest_file("e", file.string());
    ASSERT_TRUE(bulk) << bulk.error().describe();
  }

  void forget() {
    for (const char* stream : {"e", "other"}) {
      auto& log = platform_->stream(stream)->log();
      const auto removed = log.remove_before(0, platform_->archived().at(stream).at(0), INT64_MAX);
      ASSERT_TRUE(removed) << removed.error().describe();
    }
  }

  std::string rows(const std::string& view) { return test::platform_rows(*platform_, view); }
  int64_t count(const std::string& view) {
    const auto found = platform_->queries().query("SELECT count(*) FROM " + view, {});
    return found ? found->rows.integer(0, 0) : -1;
  }
  std::map<std::string, std::string> all_rows() {
    const auto end = platform_->stream("e")->log().durable_offsets();
    EXPECT_TRUE(platform_->speed().wait_for({{"e", end}}, 30'000'000));
    std::map<std::string, std::string> all;
    for (const char* view : {"gold.sums", "gold.last", "gold.whole", "gold.others", "bronze.e"})
      all[view] = rows(view);
    return all;
  }

  test::TemporaryFolder folder_;
  test::TemporaryFolder scratch_;
  std::unique_ptr<app::Platform> platform_;
  int64_t posted_ = 0;
};

TEST_F(ForgottenLog, ViewsWithoutABuildAreComputedFromTheArchive) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_NO_FATAL_FAILURE(post("e", 300));
  ASSERT_NO_FATAL_FAILURE(import(400));
  ASSERT_NO_FATAL_FAILURE(post("other", 10));
  ASSERT_TRUE(platform_->build({}, "test"));
  ASSERT_NO_FATAL_FAILURE(post("e", 100));
  const auto before = all_rows();
  ASSERT_EQ(count("bronze.e"), 800);
  ASSERT_NO_FATAL_FAILURE(forget());
  ASSERT_EQ(platform_->stream("e")->log().first_offset(0), 0) << "it has events that are not archived";
  ASSERT_TRUE(platform_->build({}, "test"));
  ASSERT_NO_FATAL_FAILURE(forget());
  ASSERT_EQ(platform_->stream("e")->log().first_offset(0), 800);
  EXPECT_EQ(all_rows(), before);
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_EQ(all_rows(), before);
  // Another plan of the same results: what was built is of no use.
  write_model("sums", "SELECT k, count(id) AS n, sum(id + 0) AS s FROM bronze.e GROUP BY k");
  write_model("last", "SELECT k, arg_max(id + 0, _offset) AS id FROM bronze.e GROUP BY k");
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_EQ(all_rows(), before);
  EXPECT_TRUE(platform_->speed().epochs().newest()->unmaintained.empty());
  EXPECT_FALSE(platform_->speed().epochs().newest()->built.contains("gold.sums"));
  ASSERT_NO_FATAL_FAILURE(post("e", 50));
  const auto verdict = platform_->verifier().verify("gold.sums");
  ASSERT_TRUE(verdict) << verdict.error().describe();
  EXPECT_EQ(verdict->outcome, quality::Verdict::Outcome::equal) << test::describe_differences(*verdict);
  ASSERT_TRUE(platform_->build({}, "test"));
  EXPECT_EQ(count("bronze.e"), 850);
}

TEST_F(ForgottenLog, ADamagedArchiveIsAFaultOfWhatNeedsIt) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_NO_FATAL_FAILURE(post("e", 300));
  ASSERT_NO_FATAL_FAILURE(post("other", 10));
  ASSERT_TRUE(platform_->build({}, "test"));
  ASSERT_NO_FATAL_FAILURE(forget());
  const auto before = all_rows();
  write_model("last", "SELECT k, arg_max(id + 0, _offset) AS id FROM bronze.e GROUP BY k");
  platform_.reset();
  io::Path archived;
  for (const auto& entry :
       std::filesystem::directory_iterator(folder_ / ".anabranch" / "lake" / "bronze" / "e"))
    if (entry.path().extension() == ".parquet") archived = entry.path();
  ASSERT_FALSE(archived.empty());
  std::filesystem::rename(archived, scratch_ / "archived");
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_EQ(rows("gold.sums"), before.at("gold.sums")) << "its build has all of it";
  EXPECT_EQ(rows("gold.others"), before.at("gold.others"));
  for (const char* view : {"gold.last", "gold.whole", "bronze.e"}) {
    const auto read = platform_->queries().query(fmt::format("SELECT * FROM {}", view), {});
    ASSERT_FALSE(read) << view;
    EXPECT_NE(read.error().describe().find("offsets 0 to 299 are no longer in the log"), std::string::npos)
        << read.error().describe();
    EXPECT_NE(read.error().hint.find("restore lake/bronze/e"), std::string::npos) << read.error().hint;
  }
  EXPECT_TRUE(platform_->speed().epochs().newest()->unmaintained.contains("gold.last"));
  bool is_named = false;
  for (const auto& fault : platform_->faults()) is_named = is_named || fault.of == "the archive of bronze.e";
  EXPECT_TRUE(is_named);
  EXPECT_FALSE(platform_->build({}, "test")) << "no build can begin";
  // Events come in all the same, and count where they can.
  ASSERT_NO_FATAL_FAILURE(post("e", 10));
  const auto end = platform_->stream("e")->log().durable_offsets();
  ASSERT_TRUE(platform_->speed().wait_for({{"e", end}}, 30'000'000));
  const auto sum = platform_->queries().query("SELECT sum(n) FROM gold.sums", {});
  ASSERT_TRUE(sum) << sum.error().describe();
  EXPECT_EQ(sum->rows.integer(0, 0), 310);
  std::filesystem::rename(scratch_ / "archived", archived);
  ASSERT_TRUE(platform_->build({}, "test"));
  EXPECT_EQ(count("bronze.e"), 310);
  EXPECT_EQ(count("gold.last"), 5);
  EXPECT_TRUE(platform_->speed().epochs().newest()->unmaintained.empty());
}

}  // namespace
}  // namespace anabranch
