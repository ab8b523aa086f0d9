#include "processes/link.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "processes/link_for_tests.h"

namespace anabranch::processes {
namespace {

std::shared_ptr<std::atomic<bool>> flag() { return std::make_shared<std::atomic<bool>>(false); }

TEST(Link, CallsOfManyThreadsAreAnsweredBothWays) {
  const TwoLinks links = two_links();
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      std::mt19937_64 random(static_cast<uint64_t>(i));
      Link& link = i % 2 == 0 ? *links.one : *links.other;
      for (int k = 0; k < 200; ++k) {
        const std::string text(k % 10 == 0 ? random() % 300'000 : random() % 300, static_cast<char>('a' + i));
        const auto answer = link.call("echo", text);
        right += answer && *answer == text;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 8 * 200);
}

TEST(Link, ErrorsComeWhole) {
  const TwoLinks links = two_links();
  const auto answer = links.one->call("error", "");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::bad_sql);
  EXPECT_EQ(answer.error().message, "there is no column y");
  EXPECT_EQ(answer.error().hint, "name one that there is");
  EXPECT_EQ(answer.error().place, (Place{"models/gold/x.sql", 3, 14}));
  EXPECT_EQ(links.one->call("unheard of", "").error().code, Code::not_found);
  EXPECT_EQ(links.one->call("throw", "").error().describe(), "throw failed: no memory");
  EXPECT_EQ(links.one->call("echo", "still there").value(), "still there");
}

TEST(Link, FramesComeInOrderAndBeforeTheAnswer) {
  const TwoLinks links = two_links();
  for (const auto& [count, size] :
       std::vector<std::pair<int, size_t>>{{0, 5}, {1, 0}, {1000, 300}, {60, 1 << 20}}) {
    CountingSink sink;
    const auto answer = links.one->call("stream", std::to_string(count) + " " + std::to_string(size), &sink);
    EXPECT_EQ(answer.value(), "done");
    EXPECT_EQ(sink.frames, count);
    EXPECT_EQ(sink.bytes_taken, static_cast<size_t>(count) * size);
    EXPECT_TRUE(sink.is_right);
  }
  EXPECT_EQ(links.one->call("stream", "50 1000").value(), "done");  // without a sink they are dropped
}

TEST(Link, SlowSinkKeepsItsOwnCallWaitingAlone) {
  std::atomic<int> sent = 0;
  const TwoLinks links = two_links([&](IncomingCall& call) -> Result<std::string> {
    if (call.method() != "count") return answer_of_tests(call);
    for (int i = 0; i < 50; ++i) {
      TRY(call.send("a frame"));
      ++sent;
    }
    return "done";
  });
  CountingSink sink;
  sink.is_held = true;
  std::thread slow([&] { EXPECT_EQ(links.one->call("count", "", &sink).value(), "done"); });
  ASSERT_TRUE(comes_true([&] { return sink.is_holding && sent == small_options.frames_ahead; }));
  for (int i = 0; i < 200; ++i) ASSERT_EQ(links.one->call("echo", "x").value(), "x");
  CountingSink quick;
  EXPECT_EQ(links.one->call("stream", "30 100000", &quick).value(), "done");
  EXPECT_EQ(quick.frames, 30);
  EXPECT_EQ(sent, small_options.frames_ahead);  // no more is on its way than was asked for
  sink.is_held = false;
  slow.join();
  EXPECT_EQ(sink.frames, 50);
}

TEST(Link, CancellingReachesTheHandlerAndTheCaller) {
  std::atomic<bool> has_begun = false;
  std::atomic<bool> has_seen = false;
  const TwoLinks links = two_links([&](IncomingCall& call) {
    if (call.method() == "block") has_begun = true;
    auto answer = answer_of_tests(call);
    if (call.method() == "block") has_seen = true;
    return answer;
  });
  const auto cancelled = flag();
  std::thread canceller([&] {
    EXPECT_TRUE(comes_true([&] { return has_begun.load(); }));
    *cancelled = true;
  });
  EXPECT_EQ(links.one->call("block", "", nullptr, cancelled).error().code, Code::cancelled);
  canceller.join();
  EXPECT_TRUE(comes_true([&] { return has_seen.load(); }));
  has_seen = false;
  EXPECT_EQ(links.one->call("block", "", nullptr, {}, 20'000).error().code, Code::timeout);
  EXPECT_TRUE(comes_true([&] { return has_seen.load(); }));
  EXPECT_EQ(links.one->call("echo", "x", nullptr, flag(), 20'000'000).value(), "x");
}

TEST(Link, SinkThatFailsEndsItsCall) {
  std::atomic<bool> was_told = false;
  const TwoLinks links = two_links([&](IncomingCall& call) {
    auto answer = answer_of_tests(call);
    if (!answer && answer.error().code == Code::cancelled) was_told = true;
    return answer;
  });
  CountingSink sink;
  sink.frames_max = 3;
  EXPECT_EQ(links.one->call("stream", "1000 10", &sink).error().code, Code::disk_full);
  EXPECT_EQ(sink.frames, 3);
  EXPECT_TRUE(comes_true([&] { return was_told.load(); }));
  EXPECT_EQ(links.one->call("echo", "x").value(), "x");
}

TEST(Link, MoreCallsThanThreadsWaitAndTooManyAreRefused) {
  Link::Options options = small_options;
  options.handler_threads = 2;
  options.calls_max = 5;
  std::atomic<bool> may_go = false;
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  const TwoLinks links = two_links(
      [&](IncomingCall&) -> Result<std::string> {
        most = std::max<int>(most, ++running);
        while (!may_go) std::this_thread::yield();
        --running;
        return "done";
      },
      {}, options);
  std::vector<std::thread> threads;
  std::atomic<int> done = 0;
  std::atomic<int> refused = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto answer = links.one->call("wait", "");
      if (answer) ++done;
      if (!answer && answer.error().code == Code::overloaded) ++refused;
    });
  }
  EXPECT_TRUE(comes_true([&] { return refused == 3; }));
  may_go = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 5);
  EXPECT_EQ(most, 2);
}

TEST(Link, LargeRequestsThatWaitAreBoundedTogether) {
  Link::Options options = small_options;
  options.handler_threads = 1;
  const TwoLinks links = two_links(answer_of_tests, {}, options);
  const auto cancelled = flag();
  std::vector<std::thread> threads;
  std::atomic<int> refused = 0;
  for (int i = 0; i < 4; ++i) {  // one runs, one waits: two of them are more than a message
    threads.emplace_back([&] {
      const auto answer = links.one->call("block", std::string(3 << 20, 'x'), nullptr, cancelled);
      refused += answer.error().code == Code::overloaded;
    });
  }
  EXPECT_TRUE(comes_true([&] { return refused == 2; }));
  *cancelled = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused, 2);
}

TEST(Link, TellsComeInOrderAmongCalls) {
  std::vector<std::string> heard;  // by the reading thread alone, until the last call
  const TwoLinks links = two_links(answer_of_tests, [&](std::string_view topic, std::string_view bytes) {
    if (topic == "offsets") heard.emplace_back(bytes);
  });
  for (int i = 0; i < 5000; ++i) {
    links.one->tell("offsets", std::to_string(i));
    if (i % 500 == 0) {
      EXPECT_TRUE(links.one->call("echo", ""));
    }
  }
  EXPECT_TRUE(links.one->call("echo", ""));  // comes after them
  ASSERT_EQ(heard.size(), 5000U);
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(heard[static_cast<size_t>(i)], std::to_string(i));
}

TEST(Link, PingsAreAnsweredWhileAllHandlersAreBusy) {
  const TwoLinks links = two_links();
  const auto cancelled = flag();
  std::vector<std::thread> busy;
  for (int i = 0; i < small_options.handler_threads + 2; ++i)
    busy.emplace_back([&] { (void)links.one->call("block", "", nullptr, cancelled); });
  const uint64_t before = links.one->heard();
  links.one->ping();
  EXPECT_TRUE(comes_true([&] { return links.one->heard() > before; }));
  *cancelled = true;
  for (std::thread& thread : busy) thread.join();
}

TEST(Link, WhatIsTooLargeIsRefusedAlone) {
  const TwoLinks links = two_links([](IncomingCall& call) -> Result<std::string> {
    const std::string large(small_options.message_bytes_max + 1, 'x');
    if (call.method() == "frame") {
      const auto sent = call.send(large);
      return std::string(to_string(sent.error().code));
    }
    return call.method() == "answer" ? large : std::string(call.request());
  });
  const std::string large(small_options.message_bytes_max + 1, 'x');
  EXPECT_EQ(links.one->call("echo", large).error().code, Code::too_large);
  EXPECT_EQ(links.one->call("answer", "").error().code, Code::too_large);
  EXPECT_EQ(links.one->call("frame", "").value(), "too_large");
  const std::string largest(small_options.message_bytes_max, 'x');
  EXPECT_EQ(links.one->call("echo", largest).value(), largest);
}

TEST(Link, ClosingEndsCallsOfBothDirections) {
  TwoLinks links = two_links();
  std::atomic<int> unavailable = 0;
  std::atomic<int> closed = 0;
  links.one->on_close([&](const Error&) { ++closed; });
  links.other->on_close([&](const Error& why) { closed += why.code == Code::unavailable ? 10 : 0; });
  std::vector<std::thread> threads;
  for (Link* link : {links.one.get(), links.other.get()}) {
    threads.emplace_back([&unavailable, link] {
      const auto answer = link->call("block", "");
      unavailable += !answer && answer.error().code == Code::unavailable;
    });
  }
  // Both calls have come when the other side has heard of more than its own pings.
  EXPECT_TRUE(comes_true([&] { return links.one->heard() >= 1 && links.other->heard() >= 1; }));
  links.one->close();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(unavailable, 2);
  EXPECT_TRUE(
      comes_true([&] { return closed == 10; }));  // the other side's listener, once; not that of who closed
  EXPECT_FALSE(links.one->is_open());
  EXPECT_FALSE(links.other->is_open());
  EXPECT_EQ(links.other->call("echo", "").error().code, Code::unavailable);
  links.other->tell("dropped", "");
  std::atomic<bool> is_late_one_told = false;
  auto [here, there] = io::Socket::pair().value();
  const auto late = Link::over(std::move(here), {}, {}, small_options);
  there.shut_down();
  EXPECT_TRUE(comes_true([&] { return !late->is_open(); }));
  late->on_close([&](const Error&) { is_late_one_told = true; });
  EXPECT_TRUE(comes_true([&] { return is_late_one_told.load(); }));
}

TEST(Link, PeerThatNeverReadsIsDeadAfterABound) {
  auto [ours, theirs] = io::Socket::pair().value();
  const auto link = Link::over(std::move(ours), {}, {}, small_options);
  std::atomic<bool> is_told = false;
  link->on_close(
      [&](const Error& why) { is_told = why.message.find("takes no messages") != std::string::npos; });
  std::thread caller([&] {
    EXPECT_EQ(link->call("echo", std::string(3 << 20, 'x')).error().code, Code::unavailable);
    // Nobody waits for room for ever either.
    EXPECT_EQ(link->call("echo", std::string(3 << 20, 'x')).error().code, Code::unavailable);
  });
  const auto cancelled = flag();
  *cancelled = true;
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(link->call("echo", std::string(3 << 20, 'x'), nullptr, cancelled).error().code,
              Code::cancelled);
  const std::string news(1000, 'x');
  for (int i = 0; i < 20'000; ++i) link->tell("news", news);  // twice as much as may wait, and more
  EXPECT_TRUE(comes_true([&] { return !link->is_open(); }));
  caller.join();
  EXPECT_TRUE(comes_true([&] { return is_told.load(); }));
}

TEST(Link, SideWithoutHandlersRefuses) {
  auto [ours, theirs] = io::Socket::pair().value();
  const auto link = Link::over(std::move(ours), {}, {}, small_options);
  const auto other = Link::over(std::move(theirs), {}, {}, small_options);
  EXPECT_EQ(link->call("echo", "").error().code, Code::refused);
}

}  // namespace
}  // namespace anabranch::processes
