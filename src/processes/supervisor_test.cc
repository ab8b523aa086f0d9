#include "processes/supervisor.h"

#include <csignal>
#include <mutex>
#include <random>

#include <gtest/gtest.h>
#include <unistd.h>

#include "processes/link_for_tests.h"
#include "processes/program_for_tests.h"
#include "processes/restart_delay.h"
#include "tests/support/seed.h"

namespace anabranch::processes {
namespace {

constexpr int64_t long_us = 20'000'000;

/// Stands still until it is driven.
class DrivenClock final : public io::Clock {
 public:
  io::TimeUs now_us() override { return 1'000'000'000'000'000 + passed_us_; }
  int64_t monotonic_us() override { return passed_us_; }
  void pass(int64_t us) { passed_us_ += us; }

 private:
  std::atomic<int64_t> passed_us_ = 1'000'000;
};

/// The system's, which can be put forward.
class HastyClock final : public io::Clock {
 public:
  io::TimeUs now_us() override { return io::system_clock().now_us() + ahead_us_; }
  int64_t monotonic_us() override { return io::system_clock().monotonic_us() + ahead_us_; }
  void pass(int64_t us) { ahead_us_ += us; }

 private:
  std::atomic<int64_t> ahead_us_ = 0;
};

/// A supervisor, and what it said.
struct Supervised {
  explicit Supervised(Supervisor::Options options)
      : supervisor(std::move(options), {}, {},
                   {.started = [this](const std::shared_ptr<Link>&) { ++started; },
                    .ready = [this](const std::shared_ptr<Link>&) { ++ready; },
                    .ended =
                        [this](const ProcessEnd& end) {
                          const std::lock_guard lock(mutex);
                          whys.push_back(end.why);
                          ++ended;
                        }}) {
    supervisor.start();
  }
  std::string last_why() {
    const std::lock_guard lock(mutex);
    return whys.empty() ? "" : whys.back();
  }
  std::atomic<int> started = 0;
  std::atomic<int> ready = 0;
  std::atomic<int> ended = 0;
  std::mutex mutex;
  std::vector<std::string> whys;
  Supervisor supervisor;
};

int64_t now_us() { return io::system_clock().monotonic_us(); }

TEST(RestartDelay, GrowsUntilOneRunsSteadily) {
  RestartDelay delay;
  for (const int64_t expected_ms : {0, 100, 200, 400, 800, 1600, 3200, 5000, 5000}) {
    EXPECT_EQ(delay.after_us(1000), expected_ms * 1000);
  }
  EXPECT_EQ(delay.after_us(RestartDelay::steady_us), 0);
  EXPECT_EQ(delay.after_us(RestartDelay::steady_us - 1), 100'000);
}

TEST(Supervisor, GivesTheLinkOfAChildThatIsReady) {
  std::mutex mutex;
  std::vector<std::string> lines;
  Supervisor::Options options{.child = child_of_tests("work")};
  options.child.on_line = [&](std::string_view line) {
    const std::lock_guard lock(mutex);
    lines.emplace_back(line);
  };
  Supervised one(options);
  const auto link = one.supervisor.wait_for_link(long_us);
  ASSERT_TRUE(link) << link.error().describe();
  EXPECT_EQ((*link)->call("echo", "x").value(), "x");
  EXPECT_EQ(one.supervisor.link(), *link);
  const auto report = one.supervisor.report();
  EXPECT_EQ(report.kind, "engine");
  EXPECT_EQ((*link)->call("pid", "").value(), std::to_string(report.pid));
  EXPECT_TRUE(report.is_ready);
  EXPECT_EQ(report.restarts, 0);
  EXPECT_TRUE(report.describe().starts_with("the engine runs since 20")) << report.describe();
  EXPECT_TRUE(comes_true([&] { return one.supervisor.report().memory_bytes > 100'000; }));
  one.supervisor.stop();
  EXPECT_EQ(lines, std::vector<std::string>{"ends in order"});  // it was asked, and not killed
  EXPECT_EQ(one.supervisor.link(), nullptr);
  EXPECT_EQ(one.supervisor.wait_for_link(long_us).error().code, Code::unavailable);
  EXPECT_EQ((*link)->call("echo", "x").error().code, Code::unavailable);
  EXPECT_EQ(one.ended, 0);
  EXPECT_EQ(one.supervisor.report().describe(), "the engine does not run");
  EXPECT_FALSE(has_children());
}

TEST(Supervisor, CallsOfAKilledChildFailAtOnceAndAnotherOneComes) {
  Supervised one({.child = child_of_tests("work")});
  const auto link = one.supervisor.wait_for_link(long_us).value();
  const int first = one.supervisor.report().pid;
  std::vector<std::thread> callers;
  std::atomic<int> unavailable = 0;
  for (int i = 0; i < 5; ++i)  // four run, one waits
    callers.emplace_back([&] { unavailable += link->call("block", "").error().code == Code::unavailable; });
  CountingSink sink;
  sink.is_held = true;
  callers.emplace_back(
      [&] { unavailable += link->call("stream", "9 9", &sink).error().code == Code::unavailable; });
  const uint64_t before = link->heard();
  link->ping();
  EXPECT_TRUE(comes_true([&] { return link->heard() > before; }));
  const int64_t killed_us = now_us();
  ::kill(first, SIGKILL);
  sink.is_held = false;
  for (std::thread& caller : callers) caller.join();
  EXPECT_LT(now_us() - killed_us, 2'000'000);
  EXPECT_EQ(unavailable, 6);
  EXPECT_TRUE(comes_true([&] { return one.ready == 2; }));
  const auto next = one.supervisor.wait_for_link(long_us).value();
  EXPECT_EQ(next->call("echo", "again").value(), "again");
  const auto report = one.supervisor.report();
  EXPECT_NE(report.pid, first);
  EXPECT_EQ(report.restarts, 1);
  ASSERT_EQ(report.last_ends.size(), 1U);
  EXPECT_NE(report.describe().find("was killed from outside"), std::string::npos);
  EXPECT_NE(report.describe().find("; it runs again since 20"), std::string::npos) << report.describe();
}

TEST(Supervisor, StoppedChildIsReplacedWithinFiveSeconds) {
  Supervised one({.child = child_of_tests("work")});
  const auto link = one.supervisor.wait_for_link(long_us).value();
  const int64_t stopped_us = now_us();
  ::kill(one.supervisor.report().pid, SIGSTOP);
  Result<std::string> answer;
  while ((answer = link->call("echo", ""))) continue;  // it takes a moment until all its threads have stopped
  EXPECT_EQ(answer.error().code, Code::unavailable);
  const auto next = one.supervisor.wait_for_link(long_us);
  ASSERT_TRUE(next) << next.error().describe();
  EXPECT_EQ((*next)->call("echo", "x").value(), "x");
  EXPECT_LT(now_us() - stopped_us, 5'000'000);
  EXPECT_TRUE(one.last_why().starts_with("gave no sign of life for 3.0 s")) << one.last_why();
}

TEST(Supervisor, ChildWithTooMuchMemoryIsReplaced) {
  Supervisor::Options options{.child = child_of_tests("work")};
  options.child.memory_bytes_max = 300'000'000;
  Supervised one(options);
  const auto link = one.supervisor.wait_for_link(long_us).value();
  (void)link->call("eat", "400");
  EXPECT_TRUE(comes_true([&] { return one.ready == 2; }));
  EXPECT_EQ(one.last_why(), "used more than 300 MB of memory and was ended");
}

TEST(Supervisor, ChildThatSendsWhatIsNoMessageIsEnded) {
  DrivenClock clock;
  Supervised one({.child = child_of_tests("garbage"), .clock = &clock});
  EXPECT_TRUE(comes_true([&] { return one.ended == 2; }));
  EXPECT_EQ(one.last_why(), "sent what cannot be understood and was ended");
}

TEST(Supervisor, ChildThatIsNeverReadyIsEnded) {
  DrivenClock clock;
  Supervised one({.child = child_of_tests("never_ready"), .ready_within_us = 30'000'000, .clock = &clock});
  EXPECT_TRUE(comes_true([&] { return one.started == 1; }));
  EXPECT_EQ(one.supervisor.link(), nullptr);
  EXPECT_EQ(one.supervisor.wait_for_link(0).error().code, Code::timeout);
  clock.pass(30'000'001);
  EXPECT_TRUE(comes_true([&] { return one.ended == 1; }));
  EXPECT_EQ(one.last_why(), "was not ready after 30.0 s and was ended");
  EXPECT_EQ(one.ready, 0);
}

TEST(Supervisor, ChildWhoseWorkDoesNotGoOnIsEnded) {
  DrivenClock clock;
  Supervised one({.child = child_of_tests("work"), .progress_within_us = 20'000'000, .clock = &clock});
  const auto link = one.supervisor.wait_for_link(long_us).value();
  for (int i = 0; i < 6; ++i) {
    clock.pass(6'000'000);
    EXPECT_EQ(link->call("progress", "").value(), "said");
    // A sign of life is asked for after it was looked at the child, at this time.
    const uint64_t before = link->heard();
    clock.pass(1'000'000);
    EXPECT_TRUE(comes_true([&] { return link->heard() > before || one.ended > 0; }));
  }
  for (int i = 0; i < 3; ++i) {  // until it has been looked at for sure
    const uint64_t before = link->heard();
    clock.pass(600'000);
    EXPECT_TRUE(comes_true([&] { return link->heard() > before || one.ended > 0; }));
  }
  EXPECT_EQ(one.ended, 0);
  clock.pass(40'000'000);
  EXPECT_TRUE(comes_true([&] { return one.ended == 1; }));
  EXPECT_TRUE(one.last_why().starts_with("made no progress for 4")) << one.last_why();
}

TEST(Supervisor, ChildThatCrashesAgainAndAgainIsStartedMoreAndMoreRarely) {
  DrivenClock clock;
  Supervised one({.child = child_of_tests("crash"), .clock = &clock});
  EXPECT_TRUE(comes_true([&] { return one.ended == 2; }));  // the first time it is started again at once
  int ends = 2;
  for (const int64_t delay_us :
       {100'000, 200'000, 400'000, 800'000, 1'600'000, 3'200'000, 5'000'000, 5'000'000}) {
    const auto report = one.supervisor.report();
    EXPECT_EQ(report.pid, 0);
    EXPECT_EQ(report.next_start_at_us, clock.now_us() + delay_us);
    EXPECT_EQ(report.restarts, ends - 1);
    clock.pass(delay_us);
    ++ends;
    ASSERT_TRUE(comes_true([&] { return one.ended == ends; }));
  }
  const auto report = one.supervisor.report();
  EXPECT_EQ(report.last_ends.size(), 8U);
  EXPECT_TRUE(report.describe().starts_with(
      "the engine ended with code 3: cannot open the lake; it starts again at 2001-09-09T"))
      << report.describe();
  // Stopped while it waits: nobody waits with it.
  std::atomic<int> waiting = 0;
  std::thread waiter([&] {
    waiting = ::gettid();
    EXPECT_EQ(one.supervisor.wait_for_link(3'600'000'000).error().code, Code::unavailable);
  });
  EXPECT_TRUE(comes_true([&] { return waiting != 0 && is_asleep(waiting); }));
  const auto cancelled = std::make_shared<std::atomic<bool>>(true);
  EXPECT_EQ(one.supervisor.wait_for_link(3'600'000'000, cancelled).error().code, Code::cancelled);
  const int64_t begun_us = now_us();
  one.supervisor.stop();
  waiter.join();
  EXPECT_LT(now_us() - begun_us, 2'000'000);
  EXPECT_EQ(one.started, ends);
}

TEST(Supervisor, ProgramThatIsNotThereIsSaid) {
  DrivenClock clock;
  Supervisor::Options options{.child = child_of_tests("work"), .clock = &clock};
  options.child.program = "/nonexistent/program";
  Supervised one(options);
  EXPECT_TRUE(comes_true([&] { return one.ended == 2; }));
  EXPECT_EQ(one.last_why(),
            "could not be started: cannot start /nonexistent/program: No such file or directory");
}

TEST(Supervisor, StopsWhoDoesNotWantToWithinItsTime) {
  for (const bool is_stopped : {false, true}) {
    Supervised one({.child = child_of_tests(is_stopped ? "work" : "deaf")});
    ASSERT_TRUE(one.supervisor.wait_for_link(long_us));
    const int pid = one.supervisor.report().pid;
    if (is_stopped) ::kill(pid, SIGSTOP);
    const int64_t begun_us = now_us();
    one.supervisor.stop(400'000);
    EXPECT_LT(now_us() - begun_us, 2'000'000);
    EXPECT_TRUE(is_gone(pid));
    EXPECT_FALSE(has_children());
  }
}

TEST(Supervisor, CanBeStoppedAtAnyMoment) {
  const uint64_t seed = test::seed();
  std::printf("seed %lu\n", seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20; ++i) {
    Supervised one({.child = child_of_tests("work")});
    const int64_t until_us = now_us() + static_cast<int64_t>(random() % 30'000);
    EXPECT_TRUE(comes_true([&] { return now_us() > until_us; }));
    const int pid = one.supervisor.report().pid;
    if (random() % 2 == 0 && pid != 0) ::kill(pid, SIGKILL);
    std::thread other([&] { one.supervisor.stop(); });
    one.supervisor.stop();
    other.join();
  }
  EXPECT_FALSE(has_children());
}

TEST(Supervisor, CallsAreAnsweredOrUnavailableWhateverHappensToTheChild) {
  const uint64_t seed = test::seed();
  std::printf("seed %lu\n", seed);
  std::mt19937_64 random(seed);
  constexpr int kills = 200;
  (void)Child::start(child_of_tests("crash"), {})
      .value()
      ->wait(long_us);  // what lives as long as the program is there
  const int descriptors = open_descriptors();
  HastyClock clock;
  std::atomic<int64_t> answered = 0;
  std::atomic<int64_t> unavailable = 0;
  std::atomic<int64_t> wrong = 0;
  {
    Supervised one({.child = child_of_tests("work"), .heartbeat_us = 50'000, .clock = &clock});
    std::atomic<bool> is_over = false;
    std::vector<std::thread> callers;
    for (int i = 0; i < 4; ++i) {
      callers.emplace_back([&, i] {
        while (!is_over) {
          const auto link = one.supervisor.wait_for_link(long_us);
          if (!link) continue;
          CountingSink sink;
          const bool is_stream = (answered + i) % 3 == 0;
          const auto answer = is_stream ? (*link)->call("stream", "20 3000", &sink)
                                        : (*link)->call("echo", std::string(2000, 'x'));
          if (!answer)
            ++(answer.error().code == Code::unavailable ? unavailable : wrong);
          else
            ++((is_stream ? sink.frames == 20 && sink.is_right : answer->size() == 2000) ? answered : wrong);
        }
      });
    }
    for (int i = 0; i < kills; ++i) {
      const auto link = one.supervisor.wait_for_link(long_us);
      ASSERT_TRUE(link) << link.error().describe();
      const int64_t until = answered + static_cast<int64_t>(random() % 50);
      EXPECT_TRUE(comes_true([&] { return answered >= until || !(*link)->is_open(); }));
      clock.pass(RestartDelay::steady_us + 1);  // it has run steadily: the next one comes at once
      const int pid = one.supervisor.report().pid;
      if (pid != 0) ::kill(pid, random() % 8 == 0 ? SIGSTOP : SIGKILL);
      ASSERT_TRUE(comes_true([&] { return !(*link)->is_open(); })) << "kill " << i;
    }
    is_over = true;
    for (std::thread& caller : callers) caller.join();
    EXPECT_GE(one.ended, kills - 1);
    one.supervisor.stop();
  }
  std::printf("%ld answered, %ld unavailable\n", answered.load(), unavailable.load());
  EXPECT_GT(answered, kills);
  EXPECT_GT(unavailable, kills / 4);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(open_descriptors(), descriptors);
  EXPECT_FALSE(has_children());
}

}  // namespace
}  // namespace anabranch::processes
