#include "catalog/catalog.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/sqlite.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

BuildStart start_of(const std::string& id, int64_t at_us = 1) {
  return {id, "asked for", {"gold.a", "silver.b"}, {{"flights", {7, 8}}, {"taxis", {0}}}, at_us};
}

class CatalogFile : public ::testing::Test {
 protected:
  std::unique_ptr<Catalog> open(std::span<const Migration> known = migrations()) {
    auto opened = Catalog::open(files_, path_, known);
    EXPECT_TRUE(opened) << opened.error().describe();
    return opened ? std::move(*opened) : nullptr;
  }
  std::vector<std::string> names() {
    std::vector<std::string> all;
    const auto entries = files_.list(folder_.path()).value();
    for (const auto& entry : entries) all.push_back(entry.name);
    return all;
  }
  void overwrite(size_t at, const std::string& bytes) {
    std::string whole = files_.read_file(path_).value();
    whole.replace(at, bytes.size(), bytes);
    ASSERT_TRUE(files_.write_atomically(path_, whole));
  }

  test::TemporaryFolder folder_;
  io::FileSystem& files_ = io::local_file_system();
  const io::Path path_ = folder_ / "catalog.db";
};

TEST_F(CatalogFile, RemembersAnswersOfKeys) {
  const KeyedAnswer answer{"POST /v1/builds", "it's a \"key\"", 0xffffffff, R"({"id":"b1"})"};
  {
    auto catalog = open();
    EXPECT_FALSE(catalog->keyed_answer(answer.route, answer.key).value());
    ASSERT_TRUE(catalog->keep_keyed_answer(answer));
    EXPECT_EQ(catalog->keep_keyed_answer(answer).error().code, Code::conflict);
    EXPECT_FALSE(catalog->keyed_answer("POST /v1/copy", answer.key).value());
  }
  EXPECT_EQ(open()->keyed_answer(answer.route, answer.key).value(), answer);
}

TEST_F(CatalogFile, RemembersBuilds) {
  const BuildEnd published{
      BuildState::published, 5, 1'000'000'000'000, 1 << 30, "", {{"gold.a", "it's \"bad\""}, {"", "late"}}};
  const BuildEnd failed{BuildState::failed, 6, 0, 0, "gold.a: no space"};
  {
    auto catalog = open();
    EXPECT_THAT(catalog->builds(10).value(), IsEmpty());
    ASSERT_TRUE(catalog->begin_build(start_of("b1", 1)));
    ASSERT_TRUE(catalog->begin_build(start_of("b2", 2)));
    ASSERT_TRUE(catalog->begin_build(start_of("b3", 2)));
    ASSERT_TRUE(catalog->finish_build("b1", published));
    ASSERT_TRUE(catalog->finish_build("b2", failed));
  }
  auto catalog = open();
  EXPECT_THAT(catalog->builds(10).value(),
              ElementsAre(BuildRun{start_of("b3", 2), BuildState::running, std::nullopt},
                          BuildRun{start_of("b2", 2), BuildState::failed, failed},
                          BuildRun{start_of("b1", 1), BuildState::published, published}));
  EXPECT_EQ(catalog->builds(1)->size(), 1u);
  EXPECT_EQ(catalog->begin_build(start_of("b1")).error().code, Code::conflict);
  EXPECT_EQ(catalog->finish_build("b1", published).error().code, Code::conflict);
  EXPECT_THAT(catalog->finish_build("b1", published).error().message, HasSubstr("published"));
  EXPECT_EQ(catalog->finish_build("b9", published).error().code, Code::not_found);
  EXPECT_EQ(catalog->finish_build("b3", {.state = BuildState::running}).error().code, Code::bad_input);
  BuildStart broken = start_of("b4");
  broken.views = {"\xff"};
  EXPECT_EQ(catalog->begin_build(broken).error().code, Code::bad_input);
}

TEST_F(CatalogFile, AbandonsWhatWasRunning) {
  auto catalog = open();
  ASSERT_TRUE(catalog->begin_build(start_of("b1", 1)));
  ASSERT_TRUE(catalog->begin_build(start_of("b2", 2)));
  ASSERT_TRUE(catalog->finish_build("b1", {}));
  EXPECT_THAT(catalog->abandon_running(99).value(), ElementsAre("b2"));
  EXPECT_THAT(catalog->abandon_running(100).value(), IsEmpty());
  const BuildRun run = catalog->builds(1)->front();
  EXPECT_EQ(run.state, BuildState::abandoned);
  EXPECT_EQ(run.end->finished_at_us, 99);
  EXPECT_FALSE(run.end->error.empty());
}

TEST_F(CatalogFile, RemembersTheLastVerdictOfEachView) {
  const VerdictRecord first{"gold.a", VerdictRecord::Result::different, 5, {{"flights", {7}}}, 1, 12,
                            "row 3"};
  const VerdictRecord second{"gold.a", VerdictRecord::Result::equal, 6, {{"flights", {9}}}, 2, 13, "", "9f3a",
                             "log",    "one in 64 of its keys"};
  const VerdictRecord other{"gold.b", VerdictRecord::Result::failed, 0, {}, 1, 0, "timeout"};
  auto catalog = open();
  for (const VerdictRecord& verdict : {first, other, second}) ASSERT_TRUE(catalog->record_verdict(verdict));
  EXPECT_THAT(catalog->last_verdicts().value(), ElementsAre(second, other));
}

TEST_F(CatalogFile, RemembersCopies) {
  const TableCopy first{"airlines", 1, 16, 5, "csv:airlines.csv"};
  const TableCopy second{"airlines", 2, 17, 6, "it's \"quoted\"\n"};
  auto catalog = open();
  ASSERT_TRUE(catalog->record_copy(first));
  ASSERT_TRUE(catalog->record_copy(second));
  EXPECT_THAT(catalog->copies(10).value(), ElementsAre(second, first));
  EXPECT_THAT(catalog->copies(1).value(), ElementsAre(second));
}

TEST_F(CatalogFile, KeepsTheNewestOfEachListAndWhatIsStillAskedFor) {
  auto catalog = open();
  for (const char* id : {"b1", "b2", "b3", "b4"}) ASSERT_TRUE(catalog->begin_build(start_of(id, id[1])));
  for (const char* id : {"b2", "b3", "b4"}) ASSERT_TRUE(catalog->finish_build(id, {}));
  for (int64_t version = 1; version <= 3; ++version)
    ASSERT_TRUE(catalog->record_copy({"airlines", version, 16, 5, "a.csv"}));
  const VerdictRecord rare{"gold.rare", VerdictRecord::Result::equal, 1, {}, 1, 1, ""};
  ASSERT_TRUE(catalog->record_verdict(rare));
  for (int64_t at = 2; at <= 5; ++at)
    ASSERT_TRUE(catalog->record_verdict({"gold.often", VerdictRecord::Result::equal, at, {}, at, 1, ""}));
  ASSERT_TRUE(catalog->forget_old(2));
  std::vector<std::string> builds;
  const auto runs = catalog->builds(10).value();
  for (const BuildRun& run : runs) builds.push_back(run.start.id);
  EXPECT_THAT(builds, ElementsAre("b4", "b3", "b1")) << "b1 runs still";
  EXPECT_EQ(catalog->copies(10).value().size(), 2u);
  EXPECT_EQ(catalog->copies(1).value().front().version, 3);
  const auto verdicts = catalog->last_verdicts().value();
  ASSERT_EQ(verdicts.size(), 2u);
  EXPECT_EQ(verdicts[0].rows, 5);
  EXPECT_EQ(verdicts[1], rare) << "the last of its view";

  ASSERT_TRUE(catalog->keep_verdicts_of({"gold.rare", "gold.never"}));
  EXPECT_THAT(catalog->last_verdicts().value(), ElementsAre(rare));
  ASSERT_TRUE(catalog->keep_verdicts_of({}));
  EXPECT_THAT(catalog->last_verdicts().value(), IsEmpty());
}

TEST_F(CatalogFile, ThreadsAndProgramsMayShareIt) {
  auto one = open();
  auto other = open();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      Catalog& catalog = i < 2 ? *one : *other;
      for (int n = 0; n < 20; ++n) {
        const std::string id = std::to_string(i) + "-" + std::to_string(n);
        const Status begun = catalog.begin_build(start_of(id));
        EXPECT_TRUE(begun) << begun.error().describe();
        EXPECT_TRUE(catalog.finish_build(id, {}));
        EXPECT_TRUE(catalog.last_verdicts());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(other->builds(1000)->size(), 80u);
}

// Migrations of a later version, as tests imagine it.
std::vector<Migration> with_next(std::string_view sql) {
  std::vector<Migration> known(migrations().begin(), migrations().end());
  known.push_back({static_cast<int>(known.size()) + 1, "a test's", sql});
  return known;
}

TEST_F(CatalogFile, IsCopiedBeforeItIsBroughtUpToDate) {
  ASSERT_TRUE(open()->begin_build(start_of("b1")));
  EXPECT_THAT(names(), ElementsAre("catalog.db")) << "a new file needs no copy, a closed one has no journal";

  const auto known = with_next("ALTER TABLE builds ADD COLUMN extra TEXT NOT NULL DEFAULT 'x'");
  EXPECT_EQ(open(known)->builds(10)->size(), 1u);
  const std::string backup = "catalog.db.before-version-" + std::to_string(known.size());
  EXPECT_THAT(names(), ElementsAre("catalog.db", backup));
  EXPECT_EQ(Sqlite::open(path_)->integer("SELECT count(*) FROM builds WHERE extra = 'x'").value(), 1);
  EXPECT_EQ(open(known)->builds(10)->size(), 1u) << "once is enough";

  // This program finds a newer file: it says so, and the copy is what helps.
  const auto newer = Catalog::open(files_, path_);
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code, Code::refused);
  EXPECT_THAT(newer.error().message, HasSubstr("catalog.db has version"));
  EXPECT_THAT(newer.error().hint, HasSubstr(backup));
  ASSERT_TRUE(files_.rename(folder_ / backup, path_));
  EXPECT_EQ(open()->builds(10)->size(), 1u);
}

TEST_F(CatalogFile, AStepThatFailsChangesNothing) {
  ASSERT_TRUE(open()->begin_build(start_of("b1")));
  const auto known = with_next("CREATE TABLE half (x); INSERT INTO nowhere VALUES (1)");
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto opened = Catalog::open(files_, path_, known);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, HasSubstr("a test's"));
    EXPECT_THAT(opened.error().message, HasSubstr("nowhere"));
  }
  EXPECT_EQ(open()->builds(10)->size(), 1u);
  EXPECT_EQ(Sqlite::open(path_)->integer("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").value(),
            0);
}

TEST_F(CatalogFile, ADamagedFileIsExplained) {
  {
    auto catalog = open();
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(catalog->begin_build(start_of(std::to_string(i))));
  }
  const std::string good = files_.read_file(path_).value();
  const auto check = [&] {
    const auto opened = Catalog::open(files_, path_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::corrupt) << opened.error().describe();
    EXPECT_THAT(opened.error().message, HasSubstr("catalog.db"));
    EXPECT_THAT(opened.error().hint, HasSubstr("move it away"));
  };
  ASSERT_TRUE(files_.write_atomically(path_, "this is no database, but some text that is long enough"));
  check();
  ASSERT_TRUE(files_.write_atomically(path_, good));
  overwrite(good.size() / 2 / 4096 * 4096, std::string(4096, '\x5a'));
  check();
  ASSERT_TRUE(files_.write_atomically(path_, good));
  EXPECT_EQ(open()->builds(1000)->size(), 200u);
}

TEST_F(CatalogFile, AnotherProgramsDatabaseIsLeftAlone) {
  ASSERT_TRUE(Sqlite::open(path_)->run("CREATE TABLE theirs (x); PRAGMA user_version = 1"));
  const std::string before = files_.read_file(path_).value();
  const auto opened = Catalog::open(files_, path_);
  EXPECT_EQ(opened.error().code, Code::corrupt);
  EXPECT_THAT(opened.error().message, HasSubstr("another program"));
  EXPECT_EQ(files_.read_file(path_).value(), before);
}

}  // namespace
}  // namespace anabranch::catalog
