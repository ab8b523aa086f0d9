#include "app/changes.h"

#include <thread>

#include <gtest/gtest.h>

#include "io/clock.h"

namespace anabranch::app {
namespace {

TEST(Changes, OneAtATimeAndItsStageIsTold) {
  Changes changes(io::system_clock());
  EXPECT_FALSE(changes.running());
  ASSERT_TRUE(changes.begin("one", "starting"));
  const Status second = changes.begin("two", "starting");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::conflict);
  EXPECT_NE(second.error().message.find("one"), std::string::npos);
  changes.set_stage("archive");
  EXPECT_EQ(changes.running()->stage, "archive");
  changes.end();
  EXPECT_FALSE(changes.running());
  EXPECT_TRUE(changes.begin("two", "starting"));
}

TEST(Changes, ProgressIsToldToWhoListensAndToWhoAsks) {
  Changes changes(io::system_clock());
  std::vector<int64_t> heard;
  changes.on_progress([&](const batch::BuildProgress& progress) { heard.push_back(progress.done); });
  ASSERT_TRUE(changes.begin("one", "starting"));
  changes.set_progress({"views", "gold.daily", 3, 9});
  EXPECT_EQ(heard, std::vector<int64_t>{3});
  const auto running = changes.running();
  ASSERT_TRUE(running);
  EXPECT_EQ(running->id, "one");
  EXPECT_EQ(running->stage, "views");
  EXPECT_EQ(running->done, 3);
  EXPECT_EQ(running->total, 9);
  changes.end();
  changes.set_progress({"views", "gold.daily", 4, 9});  // of a build that is over already
  EXPECT_FALSE(changes.running());
}

TEST(Changes, NoneBeginsOnceItStopsAndWaitsEnd) {
  Changes changes(io::system_clock());
  std::thread waiting([&] { changes.wait_for_stop(std::chrono::hours(1)); });
  changes.stop();
  waiting.join();
  EXPECT_TRUE(changes.is_stopping());
  const Status begun = changes.begin("one", "starting");
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code, Code::unavailable);
  changes.wait_for_stop(std::chrono::hours(1));  // at once
}

}  // namespace
}  // namespace anabranch::app
