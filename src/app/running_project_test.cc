#include "app/running_project.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "app/load_project.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::app {
namespace {

class SetClock final : public io::Clock {
 public:
  io::TimeUs now_us() override { return now; }
  int64_t monotonic_us() override { return now; }
  int64_t now = 1'000'000'000;
};

class RunningProjectTest : public ::testing::Test {
 protected:
  void SetUp() override { write("name: shop\n"); }
  void write(const std::string& text) {
    ASSERT_TRUE(files_.create_folders(root_));
    ASSERT_TRUE(files_.write_atomically(root_ / "anabranch.yml", text));
  }
  ProjectTexts texts() { return read_project_texts(files_, root_).value(); }
  RunningProject open(std::optional<ProjectTexts> texts = std::nullopt) {
    return RunningProject(files_, clock_, load_texts(this->texts(), root_, "").value(), std::move(texts),
                          folder_.path() / "data" / "projects");
  }

  test::TemporaryFolder folder_;
  io::FileSystem& files_ = io::local_file_system();
  const io::Path root_ = folder_.path() / "shop";
  SetClock clock_;
};

TEST_F(RunningProjectTest, FilesThatDifferAreLookedAtOnceInTwoSecondsOrNow) {
  RunningProject running = open();
  EXPECT_TRUE(running.changed_files(true).empty());
  write("name: shop2\n");
  EXPECT_TRUE(running.changed_files(false).empty()) << "as it was a moment ago";
  clock_.now += 2'000'000;
  EXPECT_EQ(running.changed_files(false), std::vector<std::string>{"anabranch.yml"});
  write("name: shop\n");
  EXPECT_EQ(running.changed_files(false), std::vector<std::string>{"anabranch.yml"});
  EXPECT_TRUE(running.changed_files(true).empty());
}

TEST_F(RunningProjectTest, WhatWasTakenOverIsWhatFilesAreComparedWith) {
  RunningProject running = open();
  write("name: shop2\n");
  EXPECT_FALSE(running.changed_files(false).empty());
  auto next = std::make_shared<const project::Project>(load_texts(texts(), root_, "").value());
  running.set(next, texts());
  EXPECT_TRUE(running.changed_files(false).empty()) << "looked at anew, whatever the clock says";
  const RunningProject::Now now = running.now();
  EXPECT_EQ(now.project, next);
  EXPECT_EQ(*now.texts, texts());
}

TEST_F(RunningProjectTest, AnUndoGoesBackToWhatWasKept) {
  RunningProject running = open(ProjectTexts{{"anabranch.yml", "name: sent\n"}});
  running.keep();
  ProjectSnapshots snapshots(files_, folder_.path() / "data" / "projects");
  EXPECT_EQ(snapshots.find(0).value(), (ProjectTexts{{"anabranch.yml", "name: sent\n"}}));
}

TEST_F(RunningProjectTest, OthersSeeNoVariablesButThoseThatTheProjectNames) {
  ASSERT_EQ(setenv("ANABRANCH_TEST_NAMED", "1", 1), 0);
  ASSERT_EQ(setenv("ANABRANCH_TEST_UNNAMED", "2", 1), 0);
  RunningProject running = open(ProjectTexts{{"anabranch.yml", "name: ${env:ANABRANCH_TEST_NAMED}\n"}});
  const project::Environment others = running.environment_for_others();
  EXPECT_EQ(others("ANABRANCH_TEST_NAMED"), "1");
  EXPECT_EQ(others("ANABRANCH_TEST_UNNAMED"), std::nullopt);
}

}  // namespace
}  // namespace anabranch::app
