#include "processes/child.h"

#include <csignal>
#include <filesystem>
#include <mutex>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "processes/link_for_tests.h"
#include "processes/program_for_tests.h"

namespace anabranch::processes {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

constexpr int64_t long_us = 20'000'000;

struct Running {
  std::unique_ptr<Child> child;
  std::unique_ptr<Link> link;
};

Running run(ChildOrder order) {
  Running running{Child::start(std::move(order), {}).value(), nullptr};
  running.link = Link::over(running.child->take_socket(), {}, {}, small_options);
  return running;
}

std::string ask(Link& link, std::string_view method, std::string_view request = "") {
  const auto answer = link.call(method, request, nullptr, {}, long_us);
  return answer ? *answer : answer.error().describe();
}

TEST(Child, HasWhatItWasGivenAndNothingElse) {
  ChildOrder order = child_of_tests("work");
  order.nice = 12;
  order.oom_score_adj = 400;
  const int open_to_all = ::fcntl(STDERR_FILENO, F_DUPFD, 20);  // as libraries do
  const auto running = run(order);
  ::close(open_to_all);
  EXPECT_EQ(ask(*running.link, "pid"), std::to_string(running.child->pid()));
  EXPECT_EQ(ask(*running.link, "descriptors"), "0 1 2 3 ");
  EXPECT_EQ(ask(*running.link, "place"), "12 own group");
  EXPECT_EQ(ask(*running.link, "score"), "400");
  EXPECT_EQ(ask(*running.link, "terms"), "taken");
}

TEST(Child, OutlivesTheThreadThatAskedForIt) {
  Running running;
  std::filesystem::path thread;
  std::thread([&] {
    running = run(child_of_tests("work"));
    thread = "/proc/self/task/" + std::to_string(::gettid());
    EXPECT_EQ(ask(*running.link, "echo", "x"), "x");  // it is tied to its parent by now
  }).join();
  ASSERT_TRUE(comes_true([&] { return !std::filesystem::exists(thread); }));
  EXPECT_EQ(ask(*running.link, "echo", "x"), "x");
}

TEST(Child, EndsWhenItsSocketCloses) {
  auto running = run(child_of_tests("work"));
  EXPECT_EQ(ask(*running.link, "echo", "x"), "x");
  running.link.reset();
  const auto end = running.child->wait(long_us);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->exit.code, 1);
  EXPECT_TRUE(end->exit.errors.starts_with("anabranch: the connection to the parent has ended"))
      << end->exit.errors;
}

TEST(Child, SaysHowItEnded) {
  const auto crashed = run(child_of_tests("crash"));
  EXPECT_EQ(crashed.child->wait(long_us)->why, "ended with code 3: cannot open the lake");
  EXPECT_EQ(crashed.child->wait(long_us)->exit.errors, "first words\ncannot open the lake\n");
  const auto left = run(child_of_tests("work"));
  EXPECT_NE(ask(*left.link, "exit").find("has gone"), std::string::npos);
  EXPECT_EQ(left.child->wait(long_us)->why, "ended with code 7");
  const auto aborted = run(child_of_tests("work"));
  ask(*aborted.link, "abort");
  EXPECT_EQ(aborted.child->wait(long_us)->exit.signal, SIGABRT);
  EXPECT_TRUE(aborted.child->wait(long_us)->why.starts_with("ended by signal 6"))
      << aborted.child->wait(0)->why;
  const auto killed = run(child_of_tests("work"));
  EXPECT_FALSE(killed.child->wait(0));
  ask(*killed.link, "eat", "50");
  ::kill(killed.child->pid(), SIGKILL);
  EXPECT_TRUE(killed.child->wait(long_us)->why.starts_with("was killed from outside"));
}

TEST(Child, LinesOfItsOutputComeAsTheyAreWritten) {
  std::mutex mutex;
  std::vector<std::string> lines;
  ChildOrder order = child_of_tests("work");
  order.on_line = [&](std::string_view line) {
    const std::lock_guard lock(mutex);
    lines.emplace_back(line);
  };
  const auto running = run(order);
  EXPECT_EQ(ask(*running.link, "say", "one\ntwo"), "said");
  EXPECT_TRUE(comes_true([&] {
    const std::lock_guard lock(mutex);
    return lines == std::vector<std::string>{"one", "two"};
  }));
}

TEST(Child, MissingProgramCannotBeStarted) {
  ChildOrder order = child_of_tests("work");
  order.program = "/nonexistent/program";
  const auto started = Child::start(order, {});
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("/nonexistent/program"), std::string::npos);
}

TEST(Child, WithTooMuchMemoryIsEnded) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "what is used is several times what is asked for";
#endif
  ChildOrder order = child_of_tests("work");
  order.memory_bytes_max = 300'000'000;
  const auto running = run(order);
  EXPECT_EQ(ask(*running.link, "eat", "100"), "eaten");
  EXPECT_TRUE(comes_true([&] { return running.child->memory_bytes() > 100'000'000; }));
  EXPECT_FALSE(running.child->wait(0));
  ask(*running.link, "eat", "300");
  const auto end = running.child->wait(long_us);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->why, "used more than 300 MB of memory and was ended");
  EXPECT_GT(end->exit.peak_memory_bytes, 300'000'000U);
}

TEST(Child, IsNotGivenMoreThanItMayAskFor) {
  if (is_sanitized) GTEST_SKIP() << "sanitizers ask for much and use little";
  ChildOrder order = child_of_tests("work");
  order.data_bytes_max = 700'000'000;
  const auto running = run(order);
  EXPECT_EQ(ask(*running.link, "eat", "100"), "eaten");
  EXPECT_EQ(ask(*running.link, "eat", "800"), "no memory");
  EXPECT_EQ(ask(*running.link, "echo", "x"), "x");
}

TEST(Child, ProgramThatNobodyStartedSoSaysSo) {
  auto process = io::start_process(io::own_program().value(), {"child", "work"}, "").value();
  const auto exit = process->run([](std::string_view) {});
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 2);
  EXPECT_NE(exit->errors.find("starts it as a child"), std::string::npos) << exit->errors;
}

TEST(Child, EndsWithItsParentHoweverThatEnds) {
  auto parent = io::start_process(io::own_program().value(), {"parent"}, "").value();
  int worker = 0;
  int orphan = 0;
  const auto exit = parent->run([&](std::string_view line) {
    EXPECT_EQ(std::sscanf(std::string(line).c_str(), "%d %d", &worker, &orphan), 2);
    EXPECT_FALSE(is_gone(worker));
    EXPECT_FALSE(is_gone(orphan));
    parent->kill();
  });
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->signal, SIGKILL);
  ASSERT_GT(worker, 0);
  ASSERT_GT(orphan, 0);
  EXPECT_TRUE(comes_true([&] { return is_gone(worker) && is_gone(orphan); }));
}

}  // namespace
}  // namespace anabranch::processes
