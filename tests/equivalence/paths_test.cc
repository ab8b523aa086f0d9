// A path has no meaning: a whole platform below folders whose names say something to engines.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sql/parquet_file.h"
#include "tests/support/corpus_project.h"
#include "tests/support/open_platform.h"
#include "tests/support/platform_reads.h"
#include "tests/support/temporary_folder.h"

namespace anabranch {
namespace {

class Paths : public ::testing::TestWithParam<const char*> {
 protected:
  void open() {
    speed::SpeedLayer::Options speed;
    speed.tick_rows_max = 50;
    speed.compaction_rows = 40;
    auto opened = test::open_platform(project_, speed);
    ASSERT_TRUE(opened) << opened.error().describe();
    platform_ = std::move(*opened);
  }
  void start() {
    const Status started = platform_->start();
    ASSERT_TRUE(started) << started.error().describe();
    ASSERT_TRUE(platform_->left_out().empty()) << platform_->left_out()[0].describe();
  }
  std::string json(const std::string& select) {
    const auto answer = platform_->queries().query(select, newest_);
    if (!answer) return answer.error().describe();
    std::string text;
    EXPECT_TRUE(answer->rows.append_json(text, sql::Numbers::number));
    return text;
  }
  void accept(const Result<ingest::Accepted>& accepted) {
    ASSERT_TRUE(accepted) << accepted.error().describe();
    ASSERT_EQ(accepted->quarantined, 0);
    events_ += accepted->accepted;
    newest_.min_offsets["e"] = {events_};
  }
  void ingest() {
    std::string body;
    for (int64_t i = events_; i < events_ + 100; ++i)
      body += fmt::format("{{\"id\":{},\"year\":{},\"k\":\"k{}\"}}\n", i, 2000 + i, i % 2);
    accept(platform_->stream("e")->accept_and_wait(ingest::BodyFormat::ndjson, body));
    const std::string file = (bulk_ / "file[1]=?*.parquet").string();
    test::PlainEngine engine;
    const auto written = sql::write_parquet(
        engine.session(),
        fmt::format("SELECT i AS id, 2000 + i AS year, 'k' || i % 2 AS k FROM range({}, {}) t(i)", events_,
                    events_ + 100),
        file);
    ASSERT_TRUE(written) << written.error().describe();
    accept(platform_->ingest_file("e", file));
  }
  void check(const std::string& after) {
    SCOPED_TRACE(after);
    for (const char* from : {"bronze.e", "silver.rows", "gold.copy"}) {
      EXPECT_EQ(json(fmt::format(
                    "SELECT count(*), count(DISTINCT id), sum(id), sum(year), typeof(any_value(id)) FROM {}",
                    from)),
                fmt::format("[[{0},{0},{1},{2},\"BIGINT\"]]", events_, events_ * (events_ - 1) / 2,
                            events_ * (events_ - 1) / 2 + 2000 * events_))
          << from;
    }
    EXPECT_EQ(json("SELECT * FROM gold.groups ORDER BY k"),
              fmt::format(R"([["k0","even",{0},0],["k1","odd",{0},1]])", events_ / 2));
    EXPECT_EQ(json("SELECT * FROM bronze.t ORDER BY k"), R"([["k0","even",1],["k1","odd",2]])");
    std::string parquet;
    const auto file = platform_->queries().query_parquet("SELECT * FROM silver.rows", newest_, parquet);
    EXPECT_TRUE(file) << file.error().describe();
    for (const char* view : {"silver.rows", "gold.copy", "gold.groups", "gold.latest"}) {
      const auto verdict = platform_->verifier().verify(view);
      ASSERT_TRUE(verdict) << view << ": " << verdict.error().describe();
      EXPECT_EQ(verdict->outcome, quality::Verdict::Outcome::equal)
          << view << test::describe_differences(*verdict);
    }
  }

  test::TemporaryFolder folder_;
  io::Path project_;
  io::Path bulk_;
  std::unique_ptr<app::Platform> platform_;
  serve::ReadOptions newest_;
  int64_t events_ = 0;
};

TEST_P(Paths, HaveNoMeaning) {
  project_ = folder_.path() / GetParam() / "project";
  bulk_ = folder_.path() / GetParam() / "files";
  std::filesystem::create_directories(bulk_);
  test::write_text(project_ / "anabranch.yml", "name: paths\n");
  test::write_text(
      project_ / "streams" / "e.yml",
      "fields:\n  - {name: id, type: bigint}\n  - {name: year, type: bigint}\n  - {name: k, type: "
      "varchar}\n");
  test::write_text(
      project_ / "sources" / "s.yml",
      "kind: files\ntables:\n  t: {path: 'data/*.csv'}\n  j: {path: data/j.json, format: json}\n");
  test::write_text(project_ / "data" / "t.csv", "k,name,id\nk0,even,1\nk1,odd,2\n");
  test::write_text(project_ / "data" / "j.json", "[{\"id\": 5, \"year\": 1}]");
  const auto model = [&](const std::string& name, const std::string& sql) {
    test::write_text(project_ / "models" / (name + ".sql"), sql + "\n");
  };
  model("silver/rows", "SELECT id, year, k FROM bronze.e");
  model("gold/copy", "SELECT * FROM silver.rows");
  model("gold/groups",
        "SELECT e.k, t.name, count(*) AS n, min(id) AS first FROM silver.rows AS e JOIN (SELECT k, name FROM "
        "bronze.t) "
        "AS t USING (k) GROUP BY ALL");
  model("gold/latest",
        "SELECT * FROM bronze.e QUALIFY row_number() OVER (PARTITION BY k ORDER BY _offset DESC) = 1");
  ASSERT_NO_FATAL_FAILURE(open());
  const auto copied = platform_->copy({});
  ASSERT_TRUE(copied) << copied.error().describe();
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_EQ(json("SELECT * FROM bronze.j"), "[[5,1]]");
  ASSERT_NO_FATAL_FAILURE(ingest());
  ASSERT_NO_FATAL_FAILURE(check("the first events"));
  ASSERT_NO_FATAL_FAILURE(ingest());
  const auto built = platform_->build({}, "test");
  ASSERT_TRUE(built) << built.error().describe();
  ASSERT_NO_FATAL_FAILURE(check("a build"));
  // Where a pattern would look, the same files with rubbish in them.
  for (const char* other : {"a1", "bx", "cd", "e"}) {
    const io::Path copy = folder_.path() / other / "project";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(project_)) {
      if (entry.is_regular_file())
        test::write_text(copy / entry.path().lexically_relative(project_), "rubbish");
    }
  }
  const auto again = platform_->copy({});
  ASSERT_TRUE(again) << again.error().describe();
  ASSERT_NO_FATAL_FAILURE(check("others came"));
  ASSERT_NO_FATAL_FAILURE(ingest());
  ASSERT_NO_FATAL_FAILURE(check("more events"));
  platform_.reset();
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_NO_FATAL_FAILURE(check("a restart"));
  ASSERT_TRUE(platform_->build({}, "test"));
  ASSERT_NO_FATAL_FAILURE(check("another build"));
  // What lies on the disk has no column that a folder made.
  test::PlainEngine engine;
  for (const char* table : {"bronze/e", "bronze/t", "gold/copy"}) {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(project_ / ".anabranch" / "lake" / table)) {
      if (entry.path().extension() == ".parquet") files.push_back(entry.path().string());
    }
    const auto columns = engine.session().describe("SELECT * FROM " + sql::read_files("read_parquet", files));
    ASSERT_TRUE(columns) << columns.error().describe();
    EXPECT_EQ(columns->size(), table == std::string("bronze/e") ? 7u : 3u) << table;
  }
}

INSTANTIATE_TEST_SUITE_P(OfFolders, Paths,
                         ::testing::Values("id=99", "a[1]", "b?", "c*",
                                           "year=1/id=7/[!x]{y}/it's %41 \"q\" $HOME", "**", "~"));

}  // namespace
}  // namespace anabranch
