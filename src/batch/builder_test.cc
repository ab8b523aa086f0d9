// Builds of a small world in this process: what lies where afterwards, and what a view that fails leaves.
#include "batch/builder.h"

#include <gmock/gmock.h>

#include "batch/build_for_tests.h"

namespace anabranch::batch {
namespace {

using testing::HasSubstr;

// Six events; the last two come after the cut-off of most tests.
const std::string events = "VALUES ('b', 1), ('a', 2), ('a', 3), (NULL, 4), ('a', 100), ('c', 1000)";
const std::string sums = "SELECT k, count(*) AS c, sum(n) AS s FROM bronze.e GROUP BY k";

class Builder : public BuildTest {
 protected:
  Result<BuildResult> build(const BuildJob& job) {
    progress_.clear();
    return run_build(job, store_, [&](const BuildProgress& progress) {
      progress_.push_back(
          fmt::format("{} {} {}/{}", progress.stage, progress.view, progress.done, progress.total));
    });
  }
  std::vector<std::string> progress_;
};

TEST_F(Builder, StatesAreThoseOfTheEventsBeforeTheCutoffSortedByKey) {
  const BuildJob job = job_of({{"gold.sums", sums}}, events, 4);
  const auto built = build(job);
  ASSERT_TRUE(built) << built.error().describe();
  EXPECT_TRUE(built->failed.empty());
  EXPECT_EQ(states(job, "FROM build.main.\"gold.sums#main\""), "a|2|5\nb|1|1\nNULL|1|4\n");
  const lake::ViewBuild& view = built->views.at("gold.sums");
  EXPECT_EQ(view.build_id, "b1");
  EXPECT_EQ(view.plan_hash, job.world.basis_hashes.at("gold.sums"));
  EXPECT_EQ(view.cutoff, (model::Offsets{{"e", {4}}}));
  EXPECT_EQ(view.database_file, "serving/b1.duckdb");
  EXPECT_EQ(view.part_rows.at("main"), 3);
  EXPECT_TRUE(view.row_files.empty());
  EXPECT_EQ(view.rows, 3);
  EXPECT_EQ(built->rows, 3);
}

TEST_F(Builder, TheResultIsAFileOfItsDeltaTable) {
  const BuildJob job = job_of({{"gold.sums", sums}}, events, 4);
  const auto built = build(job);
  ASSERT_TRUE(built) << built.error().describe();
  const auto& delta = built->views.at("gold.sums").delta;
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->table, "lake/gold/sums");
  EXPECT_EQ(delta->columns, job.world.plan("gold.sums")->columns);
  ASSERT_EQ(delta->files.size(), 1u);
  const std::string file = delta->table + "/" + delta->files[0].path;
  EXPECT_EQ(file_rows(file, "k, c, s"), "a|2|5\nb|1|1\nNULL|1|4\n");
  EXPECT_EQ(delta->files[0].rows, 3);
  EXPECT_EQ(delta->files[0].size, static_cast<int64_t>(store_.get(file).value().size()));
}

TEST_F(Builder, RowsOfALinearViewAreAFileWithWhereEachCameFrom) {
  const BuildJob job =
      job_of({{"silver.big", "SELECT k, n * 10 AS tens FROM bronze.e WHERE n > 1"}}, events, 4);
  const auto built = build(job);
  ASSERT_TRUE(built) << built.error().describe();
  const lake::ViewBuild& view = built->views.at("silver.big");
  EXPECT_EQ(view.row_files, std::vector<std::string>{"serving/b1/silver.big.parquet"});
  EXPECT_EQ(view.part_rows.at("main"), 3);
  EXPECT_EQ(file_rows(view.row_files[0], "c0, c1, _partition, _offset"), "a|20|0|1\na|30|0|2\nNULL|40|0|3\n");
}

TEST_F(Builder, AnEventThatFailsIsRecordedAndLeftOut) {
  const BuildJob job = job_of({{"gold.parsed", "SELECT sum(CAST(k AS INTEGER)) AS s FROM bronze.e"}},
                              "VALUES ('7', 1), ('x', 2), ('30', 3)", 3);
  const auto built = build(job);
  ASSERT_TRUE(built) << built.error().describe();
  EXPECT_EQ(states(job, "FROM build.main.\"gold.parsed#main\""), "37\n");
  EXPECT_EQ(states(job, "FROM build.main.\"gold.parsed#errors\""), "0|1\n");
  EXPECT_EQ(built->views.at("gold.parsed").part_rows.at("errors"), 1);
}

TEST_F(Builder, AViewAboveAnotherReadsWhatWasBuiltOfIt) {
  const BuildJob job = job_of({{"silver.big", "SELECT n FROM bronze.e WHERE n > 1"},
                               {"gold.sums", sums},
                               {"gold.top", "SELECT k FROM gold.sums WHERE s >= 4"},
                               {"gold.after", "SELECT count(*) AS n FROM silver.big"}},
                              events, 4);
  const auto built = build(job);
  ASSERT_TRUE(built) << built.error().describe();
  EXPECT_EQ(built->views.size(), 4u);
  const auto result = [&](const std::string& view) {
    const auto& delta = built->views.at(view).delta;
    return file_rows(delta->table + "/" + delta->files[0].path, "*");
  };
  EXPECT_EQ(result("gold.top"), "a\nNULL\n");
  EXPECT_EQ(result("gold.after"), "3\n");
}

TEST_F(Builder, OnlyWhatIsAskedForIsBuilt) {
  BuildJob job =
      job_of({{"gold.sums", sums}, {"gold.top", "SELECT k FROM gold.sums WHERE s >= 4"}}, events, 4);
  job.views = {"gold.top"};
  const auto built = build(job);
  ASSERT_TRUE(built) << built.error().describe();
  ASSERT_EQ(built->views.size(), 1u);
  const auto& delta = built->views.at("gold.top").delta;
  EXPECT_EQ(file_rows(delta->table + "/" + delta->files[0].path, "k"), "a\nNULL\n")
      << "what is not built is computed for who reads it";
  EXPECT_EQ(states(job, "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'build'"), "0\n");
}

// No SELECT is known whose states raise; a plan is made to.
TEST_F(Builder, AViewWhoseStatesFailStopsNoOther) {
  BuildJob job =
      job_of({{"gold.bad", "SELECT k, sum(n) AS s, count(DISTINCT n) AS d FROM bronze.e GROUP BY k"},
              {"gold.above", "SELECT max(s) AS m FROM gold.bad"},
              {"gold.sums", sums}},
             "VALUES ('a', 1000), ('a', 1000)", 2);
  views::StatePart& last = job.world.plans[0].parts.back();
  ASSERT_EQ(job.world.plans[0].parts.size(), 2u) << "one part is there before the other fails";
  last.partial =
      fmt::format("SELECT * FROM ({}) WHERE error('no place in anabranch.rows') IS NULL", last.partial);
  const auto built = build(job);
  ASSERT_TRUE(built) << built.error().describe();
  EXPECT_FALSE(built->views.contains("gold.bad"));
  ASSERT_TRUE(built->failed.contains("gold.bad"));
  EXPECT_THAT(built->failed.at("gold.bad"), HasSubstr("no place in rows"))
      << "who wrote it knows no such schema";
  EXPECT_EQ(built->failed.size(), 1u);
  EXPECT_EQ(states(job, "FROM build.main.\"gold.sums#main\""), "a|2|2000\n");
  EXPECT_EQ(states(job, "SELECT table_name FROM duckdb_tables() WHERE database_name = 'build' ORDER BY ALL"),
            "gold.sums#main\n")
      << "of a view that failed nothing stays";
  const auto& delta = built->views.at("gold.above").delta;
  EXPECT_EQ(file_rows(delta->table + "/" + delta->files[0].path, "m"), "2000\n")
      << "what reads it computes it from events";
}

TEST_F(Builder, AViewWhoseResultFailsKeepsItsStates) {
  const BuildJob job = job_of({{"gold.small", "SELECT CAST(sum(n) AS TINYINT) AS s FROM bronze.e"}},
                              "VALUES ('a', 100), ('a', 100)", 2);
  const auto built = build(job);
  ASSERT_TRUE(built) << built.error().describe();
  EXPECT_TRUE(built->failed.contains("gold.small"));
  ASSERT_TRUE(built->views.contains("gold.small"));
  EXPECT_FALSE(built->views.at("gold.small").delta);
  EXPECT_EQ(states(job, "FROM build.main.\"gold.small#main\""), "200\n");
  EXPECT_TRUE(store_.list("lake/gold/small").value().empty()) << "the file that was begun is gone";
}

TEST_F(Builder, WhatIsNoFaultOfAViewEndsTheBuildAndNamesTheView) {
  BuildJob job =
      job_of({{"gold.lists", "SELECT n % 1000 AS g, list(k || n ORDER BY n) AS l FROM bronze.e GROUP BY g"}},
             "SELECT repeat('x', 200), i FROM range(400000) AS r(i)", 400'000);
  job.memory_bytes_max = 24 << 20;
  job.threads = 1;
  const auto built = build(job);
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code, Code::too_large) << built.error().describe();
  EXPECT_THAT(built.error().message, HasSubstr("gold.lists"));
}

TEST_F(Builder, AnArchiveThatIsMissingEndsTheBuild) {
  BuildJob job = job_of({{"gold.sums", sums}}, events, 4);
  job.archives["bronze.e"] = {std::vector<std::string>{sql::object_url("gone.parquet")}};
  const auto built = build(job);
  ASSERT_FALSE(built);
  EXPECT_THAT(built.error().message, HasSubstr("gone.parquet"));
}

TEST_F(Builder, AStreamWithoutAnArchiveHasNoEvents) {
  BuildJob job = job_of({{"gold.all", "SELECT count(*) AS n FROM bronze.e"}}, events, 0);
  job.archives.clear();
  const auto built = build(job);
  ASSERT_TRUE(built) << built.error().describe();
  const auto& delta = built->views.at("gold.all").delta;
  EXPECT_EQ(file_rows(delta->table + "/" + delta->files[0].path, "n"), "0\n");
}

TEST_F(Builder, ProgressNamesEachViewAndEndsWithAll) {
  BuildJob job = job_of({{"gold.sums", sums}, {"gold.top", "SELECT k FROM gold.sums"}}, events, 4);
  ASSERT_TRUE(build(job));
  EXPECT_EQ(progress_,
            (std::vector<std::string>{"views gold.sums 0/2", "views gold.top 1/2", "checkpoint  2/2"}));
}

}  // namespace
}  // namespace anabranch::batch
