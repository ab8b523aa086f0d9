#include "io/process.h"

#include <thread>

#include <gtest/gtest.h>

namespace anabranch::io {
namespace {

TEST(Process, GivesLinesAndExitCode) {
  auto process = start_process("/bin/sh", {"-c", "cat; echo second; echo oops >&2; exit 3"}, "first\n");
  ASSERT_TRUE(process);
  std::vector<std::string> lines;
  const auto exit = (*process)->run([&](std::string_view line) { lines.emplace_back(line); });
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 3);
  EXPECT_EQ(exit->errors, "oops\n");
  EXPECT_EQ(lines, (std::vector<std::string>{"first", "second"}));
}

TEST(Process, KillEndsIt) {
  auto process = start_process("/bin/sh", {"-c", "echo started; exec sleep 1000"}, "");
  ASSERT_TRUE(process);
  const auto exit = (*process)->run([&](std::string_view) { (*process)->kill(); });
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->signal, SIGKILL);
}

TEST(Process, AllAreKilledStoppedOnesToo) {
  std::vector<std::unique_ptr<Process>> processes;
  for (int i = 0; i < 3; ++i)
    processes.push_back(
        start_process("/bin/sh", {"-c", "echo started; kill -STOP $$; exec sleep 1000"}, "").value());
  std::thread killer([&] { kill_all_processes(); });
  killer.join();
  for (auto& process : processes) {
    const auto exit = process->run([](std::string_view) {});
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->signal, SIGKILL);
  }
  kill_all_processes();  // those that have ended are not touched
}

TEST(Process, ChildThatLeavesItsInputUnreadEndsAlone) {
  const std::string more_than_a_pipe_holds(1 << 20, 'x');
  for (const char* ending : {"exit 3", "kill -9 $$"}) {
    auto process = start_process("/bin/sh", {"-c", ending}, more_than_a_pipe_holds);
    ASSERT_TRUE(process);
    const auto exit = (*process)->run([](std::string_view) {});
    ASSERT_TRUE(exit);
    EXPECT_FALSE(exit->is_success());
  }
}

TEST(Process, MissingProgramFails) {
  auto process = start_process("/nonexistent/program", {}, "");
  ASSERT_TRUE(process);
  EXPECT_FALSE((*process)->run([](std::string_view) {})->is_success());
}

}  // namespace
}  // namespace anabranch::io
