#include "io/spawned_process.h"

#include <cerrno>
#include <csignal>

#include <gtest/gtest.h>
#include <sys/wait.h>

namespace anabranch::io {
namespace {

TEST(SpawnedProcess, WhoForgetsItEndsIt) {
  auto [ours, theirs] = Socket::pair().value();
  auto process =
      SpawnedProcess::start({.program = "/bin/sleep", .arguments = {"1000"}}, std::move(theirs)).value();
  const int pid = process->pid();
  EXPECT_TRUE(memory_of(pid));
  process.reset();
  EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
  EXPECT_FALSE(memory_of(pid));
}

}  // namespace
}  // namespace anabranch::io
