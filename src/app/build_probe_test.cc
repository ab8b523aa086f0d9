// Files of a real build, whole and damaged.
#include "app/build_probe.h"

#include <gmock/gmock.h>

#include "batch/builder.h"
#include "lake/local_store.h"
#include "sql/object_urls.h"
#include "tests/support/small_world.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::app {
namespace {

using testing::HasSubstr;

class BuildProbe : public ::testing::Test {
 protected:
  void SetUp() override {
    const io::Path events = data_ / "events.parquet";
    test::write_events(events, "SELECT 'k' || i, i FROM range(200000) AS r(i)");
    batch::BuildJob job;
    job.build_id = "b1";
    job.work_folder = (folder_ / "work").string();
    job.cutoff = {{"e", {200'000}}};
    job.archives["bronze.e"] = {std::vector<std::string>{sql::object_url("events.parquet")}};
    job.world = test::small_world({{"silver.rows", "SELECT k, n FROM bronze.e"},
                                   {"gold.sums", "SELECT k, sum(n) AS s FROM bronze.e GROUP BY k"}});
    auto built = batch::run_build(job, store_, [](const batch::BuildProgress&) {});
    ASSERT_TRUE(built) << built.error().describe();
    manifest_.views = std::move(built->views);
    ASSERT_TRUE(probe().empty());
  }

  std::map<std::string, Error> probe() { return probe_builds(store_, manifest_); }

  // That the build is broken, and how.
  void expect_broken(const std::string& message) {
    const auto broken = probe();
    ASSERT_TRUE(broken.contains("b1")) << message;
    EXPECT_EQ(broken.at("b1").code, Code::unavailable);
    EXPECT_THAT(broken.at("b1").message, HasSubstr(message));
  }

  // Leaves so many bytes of a file.
  void cut(const std::string& name, uint64_t bytes) {
    auto file = files_.open(data_ / name, io::FileSystem::Open::append).value();
    ASSERT_LT(bytes, file->size().value());
    ASSERT_TRUE(file->truncate(bytes));
  }
  uint64_t size(const std::string& name) {
    return files_.open(data_ / name, io::FileSystem::Open::read).value()->size().value();
  }

  const std::string state_file_ = "serving/b1.duckdb";
  const std::string row_file_ = "serving/b1/silver.rows.parquet";
  test::TemporaryFolder folder_;
  const io::Path data_ = folder_ / "data";
  io::FileSystem& files_ = io::local_file_system();
  lake::LocalStore store_{files_, data_};
  lake::Manifest manifest_;
};

TEST_F(BuildProbe, AFileThatIsGoneIsNamed) {
  ASSERT_TRUE(files_.remove(data_ / row_file_));
  expect_broken(row_file_ + " is missing");
  ASSERT_TRUE(files_.remove(data_ / state_file_));
  expect_broken(state_file_ + " is missing");
}

TEST_F(BuildProbe, StatesOfWhichTheEndIsMissingAreDamaged) {
  ASSERT_GT(size(state_file_), 1u << 20) << "the cut would be in its head";
  cut(state_file_, size(state_file_) - 1);
  expect_broken(state_file_ + " is damaged: ");
}

TEST_F(BuildProbe, AStateFileThatIsNoneIsDamaged) {
  cut(state_file_, 100);
  expect_broken(state_file_ + " is damaged");
}

TEST_F(BuildProbe, StatesThatAreNotInTheFileAreMissed) {
  manifest_.views.at("gold.sums").part_rows["list1"] = 7;
  expect_broken(state_file_ + " is damaged: the states gold.sums#list1 are not in it");
}

TEST_F(BuildProbe, RowsOfWhichTheEndIsMissingAreDamaged) {
  cut(row_file_, size(row_file_) - 1);
  expect_broken(row_file_ + " is damaged");
}

TEST_F(BuildProbe, OneBuildSaysNothingOfAnother) {
  lake::ViewBuild other = manifest_.views.at("gold.sums");
  other.view = "gold.other";
  other.build_id = "b2";
  other.database_file = "serving/b2.duckdb";
  manifest_.views["gold.other"] = other;
  const auto broken = probe();
  EXPECT_EQ(broken.size(), 1u);
  ASSERT_TRUE(broken.contains("b2"));
  EXPECT_THAT(broken.at("b2").message, HasSubstr("serving/b2.duckdb is missing"));
}

}  // namespace
}  // namespace anabranch::app
