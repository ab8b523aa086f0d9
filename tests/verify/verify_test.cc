// `verify` can fail: mistakes planted in states, archives, rows, logs and definitions are found, each by what
// it is; and its process can be killed without harm.

#include <atomic>
#include <fstream>
#include <future>
#include <mutex>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "batch/in_process_engine.h"
#include "lake/local_store.h"
#include "lake/memory_store.h"
#include "sql/object_urls.h"
#include "sql/syntax.h"
#include "tests/support/corpus_project.h"
#include "tests/support/open_platform.h"
#include "tests/support/platform_reads.h"
#include "tests/support/temporary_folder.h"

namespace anabranch {
namespace {

using Outcome = quality::Verdict::Outcome;
using ::testing::HasSubstr;

class Verify : public ::testing::Test {
 protected:
  void SetUp() override {
    test::write_text(folder_.path() / "anabranch.yml", "name: verified\n");
    test::write_text(folder_.path() / "streams" / "e.yml",
                     "fields:\n"
                     "  - {name: id, type: bigint, required: true}\n"
                     "  - {name: k, type: varchar}\n"
                     "  - {name: x, type: double}\n"
                     "  - {name: s, type: varchar}\n"
                     "on_drift: freeze\n");
    test::write_text(
        folder_.path() / "sources" / "reference.yml",
        "kind: files\ntables:\n  dim: {path: data/dim.csv, columns: {k: varchar, name: varchar}}\n");
    test::write_text(folder_.path() / "data" / "dim.csv", "k,name\nk0,zero\nk1,one\n");
    model("silver.rows", "SELECT id, k, x FROM bronze.e WHERE id % 7 <> 0");
    model("gold.sums",
          "SELECT k, count(*) AS n, sum(id) AS total, avg(x) AS mean FROM silver.rows GROUP BY k");
    model("gold.newest", "SELECT k, last(s) AS s, max(id) AS id FROM bronze.e GROUP BY k");
    model(
        "gold.named",
        "SELECT d.name, count(*) AS n FROM bronze.e AS e JOIN bronze.dim AS d ON d.k = e.k GROUP BY d.name");
    model("gold.numbers", "SELECT id, s::INTEGER AS n FROM bronze.e -- with a comment at its end");
    model("gold.late", "SELECT k, n, rank() OVER (ORDER BY n DESC, k) AS place FROM gold.sums;");
    model("gold.scanned", "SELECT k, x FROM bronze.e WHERE x > (SELECT avg(x) FROM bronze.e)");
  }

  void model(const std::string& name, const std::string& sql) {
    const size_t dot = name.find('.');
    test::write_text(folder_.path() / "models" / name.substr(0, dot) / (name.substr(dot + 1) + ".sql"),
                     sql + "\n");
  }

  void open(bool in_process = false) {
    platform_.reset();
    app::Platform::Options options;
    options.owner = "a test";
    options.program = ANABRANCH_PROGRAM;
    options.verifies_in_process = in_process;
    options.speed.compaction_rows = 25;
    options.open_slots = open_slots_;
    auto project = test::load_project(folder_.path());
    ASSERT_TRUE(project) << project.error().describe();
    auto opened = app::Platform::open(std::move(*project), options);
    ASSERT_TRUE(opened) << opened.error().describe();
    platform_ = std::move(*opened);
    ASSERT_TRUE(platform_->copy({}));
    const Status started = platform_->start();
    ASSERT_TRUE(started) << started.error().describe();
  }

  void ingest(int64_t from, int64_t count) {
    std::string body;
    for (int64_t id = from; id < from + count; ++id) {
      body += fmt::format("{{\"id\":{},\"k\":\"k{}\",\"x\":{}.25,\"s\":\"{}\"}}\n", id, id % 5, id % 13,
                          id % 40 == 3 ? "x" : std::to_string(id));
    }
    const auto accepted = platform_->stream("e")->accept_and_wait(ingest::BodyFormat::ndjson, body);
    ASSERT_TRUE(accepted) << accepted.error().describe();
    ASSERT_TRUE(platform_->speed().wait_for({{"e", {from + count}}}, 30'000'000));
  }

  void build() {
    const auto built = platform_->build({}, "test");
    ASSERT_TRUE(built) << built.error().describe();
  }

  // A project with a build and events after it.
  void fill() {
    ASSERT_NO_FATAL_FAILURE(open());
    ASSERT_NO_FATAL_FAILURE(ingest(0, 100));
    ASSERT_NO_FATAL_FAILURE(build());
    ASSERT_NO_FATAL_FAILURE(ingest(100, 60));
  }

  quality::Verdict verify(const std::string& view) {
    auto verdict = platform_->verifier().verify(view);
    if (verdict) return std::move(*verdict);
    quality::Verdict none;
    none.outcome = Outcome::failed;
    none.note = "no verdict: " + verdict.error().describe();
    return none;
  }
  void expect_equal(const std::string& view) {
    const auto verdict = verify(view);
    EXPECT_EQ(verdict.outcome, Outcome::equal) << view << test::describe_differences(verdict);
  }
  void expect_all_equal() {
    quality::Verifier::Request all;
    for (const auto& model : platform_->models()) all.views.push_back(model.name);
    const auto verdicts = platform_->verifier().verify(all);
    ASSERT_TRUE(verdicts) << verdicts.error().describe();
    for (const auto& verdict : *verdicts)
      EXPECT_EQ(verdict.outcome, Outcome::equal) << verdict.view << test::describe_differences(verdict);
  }

  // In place of the program's own; empty: those.
  std::function<Result<app::Slots>(const project::Settings&, const app::SlotGround&)> open_slots_;

  io::Path data() const { return folder_.path() / ".anabranch"; }
  std::vector<io::Path> files(const io::Path& folder, const std::string& ending) const {
    std::vector<io::Path> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.path().string().ends_with(ending)) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  // Changes a Parquet file, `{}` standing for its rows.
  void rewrite(const io::Path& file, const std::string& select) {
    auto engine = sql::Database::open({}).value();
    auto session = engine->connect().value();
    const std::string other = file.string() + ".other";
    const Status done = session.run(fmt::format(
        "COPY ({}) TO {} (FORMAT parquet)",
        fmt::format(fmt::runtime(select), fmt::format("read_parquet({})", sql::quote_literal(file.string()))),
        sql::quote_literal(other)));
    ASSERT_TRUE(done) << done.error().describe();
    std::filesystem::rename(other, file);
  }

  // A statement in a build's file, while no program has it open.
  void change_states(const std::string& sql) {
    platform_.reset();
    const auto found = files(data() / "serving", ".duckdb");
    ASSERT_EQ(found.size(), 1u);
    sql::Database::Options options;
    options.file = found[0];
    auto engine = sql::Database::open(options).value();
    auto session = engine->connect().value();
    const Status done = session.run(sql);
    ASSERT_TRUE(done) << done.error().describe();
    ASSERT_TRUE(session.run("CHECKPOINT"));
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<app::Platform> platform_;
};

TEST_F(Verify, SaysEqualOfEveryViewAndWhatItReadTheEventsFrom) {
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_NO_FATAL_FAILURE(expect_all_equal());
  ASSERT_NO_FATAL_FAILURE(fill());
  expect_all_equal();
  const auto sums = verify("gold.sums");
  EXPECT_EQ(sums.source, "log");
  EXPECT_EQ(sums.sample, "");
  EXPECT_EQ(sums.rows, 5);
  EXPECT_EQ(sums.offsets, (model::Offsets{{"e", {160}}}));
  EXPECT_GT(sums.predicates, 4);
  EXPECT_FALSE(sums.definition.empty());
  EXPECT_THAT(verify("gold.numbers").note, HasSubstr("4 events are recorded as failed"));
  EXPECT_EQ(platform_->verifier().verify("gold.none").error().code, Code::not_found);
}

TEST_F(Verify, SamplesByKey) {
  ASSERT_NO_FATAL_FAILURE(fill());
  const auto verdicts = platform_->verifier().verify({{"gold.sums", "silver.rows"}, true, nullptr, nullptr});
  ASSERT_TRUE(verdicts) << verdicts.error().describe();
  for (const auto& verdict : *verdicts) {
    EXPECT_EQ(verdict.outcome, Outcome::equal) << test::describe_differences(verdict);
    EXPECT_EQ(verdict.sample, "one in 64 of its keys");
  }
  EXPECT_LT((*verdicts)[1].rows, 100);
}

TEST_F(Verify, FindsAWrongState) {
  ASSERT_NO_FATAL_FAILURE(fill());
  const std::string column =
      platform_->speed().epochs().newest()->world->plan("gold.sums")->part("main")->columns[1].name;
  ASSERT_NO_FATAL_FAILURE(change_states(fmt::format(
      "UPDATE \"gold.sums#main\" SET {0} = {0} + 1 WHERE rowid = 2", sql::quote_identifier(column))));
  ASSERT_NO_FATAL_FAILURE(open());
  const auto verdict = verify("gold.sums");
  EXPECT_EQ(verdict.outcome, Outcome::different) << verdict.note;
  ASSERT_EQ(verdict.differences.size(), 1u);
  EXPECT_EQ(verdict.differences[0].expected->at(0), verdict.differences[0].actual->at(0)) << "the same key";
  EXPECT_NE(verdict.differences[0].expected->at(1), verdict.differences[0].actual->at(1));
  EXPECT_EQ(verify("gold.late").outcome, Outcome::different) << "it reads the wrong view";
  expect_equal("gold.newest");
}

TEST_F(Verify, FindsALostState) {
  ASSERT_NO_FATAL_FAILURE(fill());
  ASSERT_NO_FATAL_FAILURE(change_states("DELETE FROM \"gold.named#main\" WHERE rowid = 1"));
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_EQ(verify("gold.named").outcome, Outcome::different);
}

TEST_F(Verify, FindsAnEventThatTheArchiveLost) {
  ASSERT_NO_FATAL_FAILURE(fill());
  const auto archive = files(data() / "lake" / "bronze" / "e", ".parquet");
  ASSERT_FALSE(archive.empty());
  const auto size_before = std::filesystem::file_size(archive[0]);
  ASSERT_NO_FATAL_FAILURE(rewrite(archive[0], "SELECT * FROM {} WHERE _offset <> 12"));
  // A file of another size than its table says is refused before anybody reads it.
  const std::string was = fmt::format("\"size\":{},", size_before);
  const std::string is = fmt::format("\"size\":{},", std::filesystem::file_size(archive[0]));
  for (const io::Path& commit : files(data() / "lake" / "bronze" / "e" / "_delta_log", ".json")) {
    std::string text = io::local_file_system().read_file(commit).value();
    if (const size_t at = text.find(was); at != std::string::npos) text.replace(at, was.size(), is);
    ASSERT_TRUE(io::local_file_system().write_atomically(commit, text));
  }
  ASSERT_NO_FATAL_FAILURE(open());  // a table that is open has read its log
  EXPECT_EQ(verify("gold.scanned").outcome, Outcome::different) << "a read that scans the archive";
  expect_equal("gold.sums");
  ASSERT_NO_FATAL_FAILURE(build());  // computes its states from the archive
  const auto verdict = verify("gold.sums");
  EXPECT_EQ(verdict.outcome, Outcome::different);
}

TEST_F(Verify, FindsAValueThatAFileOfRowsHasWrong) {
  ASSERT_NO_FATAL_FAILURE(fill());
  const auto epoch = platform_->speed().epochs().newest();
  const auto rows = epoch->built.at("silver.rows").row_files;
  ASSERT_FALSE(rows.empty());
  const std::string column = epoch->world->plan("silver.rows")->part("main")->columns[1].name;
  ASSERT_NO_FATAL_FAILURE(rewrite(
      data() / *sql::object_key(rows[0]),
      fmt::format("SELECT * REPLACE (CASE WHEN {0} = 'k3' AND _ord % 3 = 0 THEN 'k4' ELSE {0} END AS {0}) "
                  "FROM {{}}",
                  sql::quote_identifier(column))));
  const auto verdict = verify("silver.rows");
  EXPECT_EQ(verdict.outcome, Outcome::different) << verdict.note;
  ASSERT_FALSE(verdict.differences.empty());
}

TEST_F(Verify, FindsAnEventRecordedAsFailedThatDoesNotFail) {
  ASSERT_NO_FATAL_FAILURE(fill());
  ASSERT_NO_FATAL_FAILURE(change_states("INSERT INTO \"gold.numbers#errors\" VALUES (0, 5)"));
  ASSERT_NO_FATAL_FAILURE(open());
  const auto verdict = verify("gold.numbers");
  EXPECT_EQ(verdict.outcome, Outcome::different);
  EXPECT_THAT(verdict.note,
              HasSubstr("the event at offset 5 is recorded as failed, and alone it does not fail"));
}

TEST_F(Verify, FindsAnEventThatFailsAndIsNotRecorded) {
  ASSERT_NO_FATAL_FAILURE(fill());
  ASSERT_NO_FATAL_FAILURE(change_states("DELETE FROM \"gold.numbers#errors\""));
  ASSERT_NO_FATAL_FAILURE(open());
  const auto verdict = verify("gold.numbers");
  EXPECT_EQ(verdict.outcome, Outcome::different);
  EXPECT_THAT(verdict.note, HasSubstr("recomputing it raises, and reading it does not"));
}

TEST_F(Verify, FindsALogThatWasChanged) {
  ASSERT_NO_FATAL_FAILURE(fill());
  const auto segments = files(data() / "log" / "e" / "0", ".log");
  ASSERT_EQ(segments.size(), 1u);
  std::fstream bytes(segments[0], std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(300);
  bytes.put('#');
  bytes.close();
  const auto verdict = verify("gold.sums");
  EXPECT_EQ(verdict.outcome, Outcome::different);
  EXPECT_THAT(verdict.note, HasSubstr("checksum"));
}

TEST_F(Verify, ReadsTheArchiveWhereTheLogIsNotKept) {
  ASSERT_NO_FATAL_FAILURE(fill());
  // As if retention had dropped the segment with the first hundred events.
  const auto segments = files(data() / "log" / "e" / "0", ".log");
  ASSERT_EQ(segments.size(), 1u);
  ASSERT_NO_FATAL_FAILURE(build());
  std::filesystem::rename(segments[0], segments[0].parent_path() / "00000000000000000160.log");
  const auto verdict = verify("gold.sums");
  EXPECT_EQ(verdict.outcome, Outcome::equal) << test::describe_differences(verdict);
  EXPECT_EQ(verdict.source, "archive");
}

TEST_F(Verify, IsOfOneDefinition) {
  ASSERT_NO_FATAL_FAILURE(fill());
  const auto before = verify("gold.late");
  model("gold.sums", "SELECT k, count(*) AS n, sum(id) AS total, max(x) AS mean FROM silver.rows GROUP BY k");
  ASSERT_NO_FATAL_FAILURE(open());
  const auto world = platform_->speed().epochs().newest()->world;
  EXPECT_NE(quality::definition_of(*world, "gold.late"), before.definition) << "a view below has changed";
  EXPECT_EQ(quality::definition_of(*world, "gold.none"), "");
}

TEST_F(Verify, SaysThatItsProcessWasKilledAndThePlatformGoesOn) {
  ASSERT_NO_FATAL_FAILURE(fill());
  int children = 0;
  platform_->verifier().on_child = [&](io::Process& child) {
    ++children;
    child.kill();
  };
  const auto verdict = verify("gold.sums");
  EXPECT_EQ(children, 1);
  EXPECT_EQ(verdict.outcome, Outcome::failed);
  EXPECT_THAT(verdict.note, HasSubstr("signal 9"));
  platform_->verifier().on_child = nullptr;
  ASSERT_NO_FATAL_FAILURE(ingest(160, 5));
  expect_equal("gold.sums");
  EXPECT_TRUE(files(data() / "serving" / "verify", ".duckdb").empty()) << "nothing is left of it";
}

TEST_F(Verify, EndsWhenWhoAskedHasGone) {
  ASSERT_NO_FATAL_FAILURE(fill());
  std::atomic<bool> has_started = false;
  std::promise<void> asked;
  quality::Verifier::Request request{{"gold.sums"}, false, nullptr, [&] {
                                       if (!has_started) return false;
                                       static std::once_flag once;
                                       std::call_once(once, [&] { asked.set_value(); });
                                       return true;
                                     }};
  // The child gets its job only when this returns, so it cannot be done before it is cancelled.
  platform_->verifier().on_child = [&](io::Process&) {
    has_started = true;
    asked.get_future().wait();
  };
  const auto verdicts = platform_->verifier().verify(request);
  ASSERT_FALSE(verdicts);
  EXPECT_EQ(verdicts.error().code, Code::cancelled);
  platform_->verifier().on_child = nullptr;
  expect_equal("gold.sums");
}

TEST_F(Verify, EndsWhenThePlatformStops) {
  ASSERT_NO_FATAL_FAILURE(fill());
  platform_->verifier().on_child = [&](io::Process&) { platform_->verifier().stop(); };
  const auto stopped = platform_->verifier().verify("gold.sums");
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::cancelled);
  const auto later = platform_->verifier().verify("gold.sums");
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code, Code::cancelled);
}

// The lake is somewhere else, or no folder at all: then nothing of it is a file below the project, and all is
// done as ever.
class LakeElsewhere : public Verify {
 protected:
  // Builds in this process where no other could open the lake.
  void use(const std::function<std::unique_ptr<lake::ObjectStore>()>& open_lake) {
    open_slots_ = [open_lake](const auto& settings, const auto& ground) -> Result<app::Slots> {
      app::Slots slots = TRY(app::open_slots(settings, ground));
      slots.lake = open_lake();
      slots.batch_engine = std::make_unique<batch::InProcessEngine>(*slots.lake);
      return slots;
    };
  }
  void expect_no_file_of_the_lake() {
    EXPECT_FALSE(std::filesystem::exists(data() / "lake"));
    EXPECT_EQ(files(data(), ".parquet"), std::vector<io::Path>{});
    EXPECT_EQ(files(data(), ".duckdb"), std::vector<io::Path>{});
    EXPECT_EQ(files(data(), ".tmp"), std::vector<io::Path>{});
  }
  void expect_all_is_done() {
    ASSERT_NO_FATAL_FAILURE(fill());
    expect_no_file_of_the_lake();
    expect_all_equal();
    ASSERT_NO_FATAL_FAILURE(build());  // the archive gets a second file, and the old build goes
    expect_all_equal();
    expect_no_file_of_the_lake();
    const auto epoch = platform_->speed().epochs().newest();
    EXPECT_EQ(epoch->built.size(), platform_->models().size()) << "reads are of builds, not of the log";
    EXPECT_EQ(epoch->archive("bronze.e").of(0).end, 160);
  }
};

TEST_F(LakeElsewhere, ALakeInMemoryIsBuiltReadAndVerified) {
  use([] { return std::make_unique<lake::MemoryStore>(); });
  expect_all_is_done();
}

TEST_F(LakeElsewhere, ALakeInAnotherFolderIsThereAfterARestart) {
  const test::TemporaryFolder elsewhere;
  use([&] { return std::make_unique<lake::LocalStore>(io::local_file_system(), elsewhere.path()); });
  expect_all_is_done();
  ASSERT_NO_FATAL_FAILURE(open());
  expect_all_equal();
  EXPECT_EQ(platform_->speed().epochs().newest()->built.size(), platform_->models().size());
  EXPECT_FALSE(files(elsewhere.path() / "lake", ".parquet").empty());
  EXPECT_FALSE(files(elsewhere.path() / "serving", ".duckdb").empty());
  expect_no_file_of_the_lake();
}

}  // namespace
}  // namespace anabranch
