// Builds in a child: this program is its own child, so that the real one answers.
#include "batch/child_engine.h"

#include <cstdlib>

#include <gmock/gmock.h>

#include "batch/batch_engine_contract.h"
#include "batch/build_for_tests.h"
#include "batch/builder.h"

namespace anabranch::batch {
namespace {

using testing::HasSubstr;

const std::string events = "VALUES ('b', 1), ('a', 2), ('a', 3)";
const std::string sums = "SELECT k, sum(n) AS s FROM bronze.e GROUP BY k";

// What the child runs in place of the tests.
TEST(ChildSide, DISABLED_Builds) {
  std::_Exit(build_in_child([](const std::string& folder) {
    return Result<std::unique_ptr<lake::ObjectStore>>(
        std::make_unique<lake::LocalStore>(io::local_file_system(), folder));
  }));
}

std::unique_ptr<ChildEngine> new_child(const io::Path& lake) {
  return std::make_unique<ChildEngine>(
      io::own_program().value(),
      std::vector<std::string>{"--gtest_filter=ChildSide.DISABLED_Builds", "--gtest_also_run_disabled_tests"},
      lake.string());
}

TEST(ChildEngine, PassesTheContract) {
  const test::TemporaryFolder folder;
  lake::LocalStore store(io::local_file_system(), folder.path());
  const auto engine = new_child(folder.path());
  check_batch_engine_contract(*engine, store);
}

class Child : public BuildTest {
 protected:
  static Result<BuildResult> run(BatchEngine& engine, const BuildJob& job) {
    return engine.run(job, [](const BuildProgress&) {});
  }
};

TEST_F(Child, AJobIsWhatItWasAfterItsWayThere) {
  BuildJob job = job_of({{"silver.rows", "SELECT n FROM bronze.e"}, {"gold.sums", sums}}, events, 3);
  job.views = {"gold.sums"};
  job.cutoff["other"] = {7, 8};
  job.threads = 5;
  job.memory_bytes_max = 1 << 20;
  const auto read = BuildJob::from_json(job.to_json());
  ASSERT_TRUE(read) << read.error().describe();
  EXPECT_EQ(read->build_id, job.build_id);
  EXPECT_EQ(read->work_folder, job.work_folder);
  EXPECT_EQ(read->views, job.views);
  EXPECT_EQ(read->cutoff, job.cutoff);
  EXPECT_EQ(read->archives, job.archives);
  EXPECT_EQ(read->threads, 5);
  EXPECT_EQ(read->memory_bytes_max, 1u << 20);
  EXPECT_EQ(read->world.to_json(), job.world.to_json());
  EXPECT_EQ(read->world.plans.size(), 2u);
}

TEST_F(Child, AJobThatCannotBeReadIsAnError) {
  const std::string whole = job_of({{"gold.sums", sums}}, events, 3).to_json();
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[1]"), whole.substr(0, whole.size() / 2),
        "{\"build_id\":1" + whole.substr(whole.find(','))}) {
    const auto read = BuildJob::from_json(text);
    ASSERT_FALSE(read) << text.substr(0, 100);
    EXPECT_EQ(read.error().code, Code::bad_input);
  }
}

TEST_F(Child, BuildsWhatABuildInThisProcessBuilds) {
  BuildJob job = job_of({{"silver.rows", "SELECT k, n FROM bronze.e WHERE n > 1"},
                         {"gold.sums", sums},
                         {"gold.small", "SELECT CAST(sum(n) * 100 AS TINYINT) AS s FROM bronze.e"}},
                        events, 3);
  const auto engine = new_child(folder_ / "data");
  const auto there = run(*engine, job);
  ASSERT_TRUE(there) << there.error().describe();
  EXPECT_EQ(states(job, "FROM build.main.\"gold.sums#main\""), "a|5\nb|1\n");
  EXPECT_GT(there->peak_memory_bytes, 0u);
  const auto here = run_build(job, store_, [](const BuildProgress&) {});
  ASSERT_TRUE(here) << here.error().describe();
  EXPECT_EQ(there->failed, here->failed);
  EXPECT_EQ(there->failed.size(), 1u);
  EXPECT_EQ(there->rows, here->rows);
  ASSERT_EQ(there->views.size(), 3u);
  for (const auto& [name, view] : here->views) {
    lake::ViewBuild other = there->views.at(name);
    EXPECT_EQ(other, view) << name;
  }
}

TEST_F(Child, ProgressComesAsItHappens) {
  const BuildJob job = job_of({{"gold.sums", sums}}, events, 3);
  std::vector<std::string> stages;
  const auto engine = new_child(folder_ / "data");
  const auto built = engine->run(job, [&](const BuildProgress& progress) {
    stages.push_back(
        fmt::format("{} {} {}/{}", progress.stage, progress.view, progress.done, progress.total));
  });
  ASSERT_TRUE(built) << built.error().describe();
  EXPECT_EQ(stages, (std::vector<std::string>{"views gold.sums 0/1", "checkpoint  1/1"}));
}

TEST_F(Child, AnErrorComesWithItsCode) {
  BuildJob job = job_of({{"gold.sums", sums}}, events, 3);
  job.archives["bronze.e"] = {std::vector<std::string>{sql::object_url("gone.parquet")}};
  const auto engine = new_child(folder_ / "data");
  const auto there = run(*engine, job);
  const auto here = run_build(job, store_, [](const BuildProgress&) {});
  ASSERT_FALSE(there);
  ASSERT_FALSE(here);
  EXPECT_EQ(there.error().code, here.error().code);
  EXPECT_EQ(there.error().message, here.error().message);
}

// It would take for ever: the child does not ask whether it is to stop, it is ended.
TEST_F(Child, AStopEndsTheBuildAtOnce) {
  const BuildJob job = job_of(
      {{"gold.endless",
        "SELECT count(*) AS c FROM bronze.e AS a, bronze.e AS b, bronze.e AS c WHERE a.n + b.n < c.n"}},
      "SELECT 'a', i FROM range(100000) AS r(i)", 100'000);
  const auto engine = new_child(folder_ / "data");
  const auto built = engine->run(job, [&](const BuildProgress& progress) {
    if (progress.stage == "views") engine->stop();
  });
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code, Code::cancelled);
  // The next one is another build.
  const auto next = run(*engine, job_of({{"gold.sums", sums}}, events, 3));
  ASSERT_TRUE(next) << next.error().describe();
}

TEST_F(Child, AChildThatEndsWithoutAWordIsAnError) {
  const BuildJob job = job_of({{"gold.sums", sums}}, events, 3);
  ChildEngine fails("/bin/sh", {"-c", "cat > /dev/null; echo no room >&2; exit 3"}, "");
  const auto failed = run(fails, job);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::internal);
  EXPECT_THAT(failed.error().message, HasSubstr("ended with code 3: no room"));
  ChildEngine killed("/bin/sh", {"-c", "cat > /dev/null; kill -9 $$"}, "");
  EXPECT_THAT(run(killed, job).error().message, HasSubstr("signal 9"));
  EXPECT_THAT(run(killed, job).error().hint, HasSubstr("memory"));
  ChildEngine silent("/bin/sh", {"-c", "cat > /dev/null"}, "");
  EXPECT_EQ(run(silent, job).error().code, Code::internal) << "success without a result is none";
}

}  // namespace
}  // namespace anabranch::batch
