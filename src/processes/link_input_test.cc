// What a link does with a peer that does not keep to the rules.

#include <optional>
#include <random>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "processes/link.h"
#include "processes/link_for_tests.h"
#include "processes/message.h"
#include "tests/support/seed.h"

namespace anabranch::processes {
namespace {

std::string message(Kind kind, uint64_t id, std::string_view body = {}) {
  const auto head = to_bytes(Head{kind, id, body.size()});
  return std::string(head.data(), head.size()) + std::string(body);
}

std::string call_message(uint64_t id, std::string_view method, std::string_view request) {
  return message(Kind::call, id, to_bytes(CallBody{2, method, request}));
}

/// A link, and a peer that can send anything at all.
class RawPeer {
 public:
  explicit RawPeer(Link::Handler handler = answer_of_tests) {
    auto [ours, theirs] = io::Socket::pair().value();
    peer_ = std::move(theirs);
    link_ = Link::over(std::move(ours), std::move(handler), {}, small_options);
    link_->on_close([this](const Error& why) {
      const std::lock_guard lock(mutex_);
      why_ = why;
    });
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::string_view pieces[] = {bytes};
      const auto written = peer_.write_now(pieces);
      if (!written) return;
      bytes.remove_prefix(*written);
      if (*written == 0) (void)peer_.wait_for_room();
    }
  }
  /// Of the link; it is the first one, so its number is 1.
  void wait_for_call() {
    char bytes[64];
    EXPECT_GT(peer_.read(bytes, sizeof(bytes)).value(), 0U);
  }
  void go() { peer_.shut_down(); }

  /// Why the link ended; waits for that.
  std::optional<Error> why() {
    (void)comes_true([&] {
      const std::lock_guard lock(mutex_);
      return why_.has_value();
    });
    const std::lock_guard lock(mutex_);
    return why_;
  }
  Link& link() { return *link_; }

 private:
  io::Socket peer_;
  std::mutex mutex_;
  std::optional<Error> why_;
  std::unique_ptr<Link> link_;
};

TEST(LinkInput, WhatIsNoMessageEndsTheLink) {
  const std::string long_name(300, 'x');
  std::string no_error = to_bytes(Error{Code::io, "m", "h", {}}, 100);
  const std::vector<std::pair<std::string, std::string>> inputs = {
      {"no mark", std::string(24, 'x')},
      {"no kind", message(static_cast<Kind>(0), 1)},
      {"an unknown kind", message(static_cast<Kind>(77), 1)},
      {"too long", message(Kind::tell, 0).replace(16, 8, std::string("\xff\xff\xff\xff\0\0\0\0", 8))},
      {"far too long", message(Kind::tell, 0).replace(16, 8, std::string(8, '\xff'))},
      {"a ping with a body", message(Kind::ping, 0, "x")},
      {"a call without a method", message(Kind::call, 1, "x")},
      {"a method longer than the body", message(Kind::call, 1, std::string("\2\0\0\0\xff\0\0\0x", 9))},
      {"a long method", call_message(1, long_name, "")},
      {"no frames ahead", message(Kind::call, 1, to_bytes(CallBody{0, "echo", ""}))},
      {"too many frames ahead", message(Kind::call, 1, to_bytes(CallBody{1'000'000, "echo", ""}))},
      {"a long topic", message(Kind::tell, 0, to_bytes(TellBody{long_name, ""}))},
      {"a cut tell", message(Kind::tell, 0, std::string("\5\0\0\0x", 5))},
      {"an error that is none", message(Kind::error, 1, "x")},
      {"an error with more behind it", message(Kind::error, 1, no_error + "x")},
      {"an answer that nobody asked for", message(Kind::result, 1, "x")},
      {"a frame that nobody asked for", message(Kind::frame, 0, "x")},
      {"one number for two calls", call_message(7, "block", "") + call_message(7, "echo", "")},
      {"more credit than frames", call_message(7, "block", "") + message(Kind::credit, 7)},
  };
  for (const auto& [what, bytes] : inputs) {
    RawPeer peer;
    peer.send(bytes);
    const auto why = peer.why();
    ASSERT_TRUE(why) << what;
    EXPECT_EQ(why->code, Code::corrupt) << what;
    EXPECT_FALSE(peer.link().is_open());
  }
}

TEST(LinkInput, MoreFramesThanWereAskedForEndTheLink) {
  RawPeer peer;
  CountingSink sink;
  sink.is_held = true;
  std::thread caller([&] { EXPECT_EQ(peer.link().call("x", "", &sink).error().code, Code::unavailable); });
  peer.wait_for_call();
  for (int i = 0; i <= small_options.frames_ahead; ++i) peer.send(message(Kind::frame, 1, "a"));
  const auto why = peer.why();
  sink.is_held = false;
  caller.join();
  ASSERT_TRUE(why);
  EXPECT_EQ(why->code, Code::corrupt);
}

TEST(LinkInput, LateWordsOfEndedCallsAreDropped) {
  RawPeer peer;
  EXPECT_EQ(peer.link().call("x", "", nullptr, {}, 1000).error().code, Code::timeout);
  peer.send(message(Kind::frame, 1, "late") + message(Kind::result, 1, "late") +
            message(Kind::result, 1, "later"));
  peer.send(message(Kind::cancel, 99) + message(Kind::credit, 99));
  const uint64_t before = peer.link().heard();
  peer.send(message(Kind::pong, 0));
  EXPECT_TRUE(comes_true([&] { return peer.link().heard() > before; }));
  EXPECT_TRUE(peer.link().is_open());
}

TEST(LinkInput, PeerThatGoesInTheMiddleOfAnAnswerLeavesNobodyWaiting) {
  for (const size_t cut : {0U, 1U, 23U, 24U, 30U}) {
    RawPeer peer;
    std::thread caller([&] { EXPECT_EQ(peer.link().call("x", "").error().code, Code::unavailable); });
    peer.wait_for_call();
    peer.send(message(Kind::result, 1, "an answer of some length").substr(0, cut));
    peer.go();
    caller.join();
    EXPECT_EQ(peer.why()->code, Code::unavailable);
  }
}

TEST(LinkInput, AnswerThatCameBeforeThePeerWentIsTaken) {
  RawPeer peer;
  std::thread caller([&] { EXPECT_EQ(peer.link().call("x", "").value(), "the last words"); });
  peer.wait_for_call();
  peer.send(message(Kind::result, 1, "the last words"));
  peer.go();
  caller.join();
}

TEST(LinkInput, RandomBytesEndTheLink) {
  const uint64_t seed = test::seed();
  std::printf("seed %lu\n", seed);
  std::mt19937_64 random(seed);
  for (int run = 0; run < 100; ++run) {
    RawPeer peer;
    std::string bytes(24 + random() % 5000, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    peer.send(bytes);
    const auto why = peer.why();
    ASSERT_TRUE(why) << "run " << run;
    EXPECT_EQ(why->code, Code::corrupt);
  }
}

TEST(LinkInput, MessagesWithMistakesDoNoHarm) {
  const uint64_t seed = test::seed();
  std::printf("seed %lu\n", seed);
  std::mt19937_64 random(seed);
  for (int run = 0; run < 300; ++run) {
    RawPeer peer;
    std::string bytes;
    for (int i = 1; i <= 20; ++i) {
      const auto id = static_cast<uint64_t>(random() % 5 == 0 ? random() % 30 : i);
      switch (random() % 8) {
        case 0:
          bytes += call_message(id, "stream", "3 10");
          break;
        case 1:
          bytes += message(Kind::tell, 0, to_bytes(TellBody{"news", std::string(random() % 100, 'x')}));
          break;
        case 2:
          bytes += message(Kind::ping, id);
          break;
        case 3:
          bytes += message(Kind::cancel, id);
          break;
        case 4:
          bytes += message(static_cast<Kind>(random() % 11), id, std::string(random() % 50, 'x'));
          break;
        default:
          bytes += call_message(id, "echo", std::string(random() % 1000, 'x'));
      }
    }
    for (uint64_t i = random() % 4; i > 0; --i)
      bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    if (random() % 3 == 0) bytes.resize(random() % bytes.size());
    peer.send(bytes);
    peer.go();
    const auto why = peer.why();
    ASSERT_TRUE(why) << "run " << run;
    EXPECT_TRUE(why->code == Code::corrupt || why->code == Code::unavailable);
  }
}

TEST(LinkInput, ErrorsAreCutToFit) {
  const Error error{Code::io, std::string(1000, 'm'), std::string(1000, 'h'), Place{"f", 1, 2}};
  const auto whole = error_from(to_bytes(error, 10'000));
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->message, error.message);
  EXPECT_EQ(whole->hint, error.hint);
  EXPECT_EQ(whole->place, error.place);
  const auto cut = error_from(to_bytes(error, 100));
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->code, Code::io);
  EXPECT_EQ(cut->message, std::string(98, 'm'));
  EXPECT_EQ(cut->hint, "");
}

TEST(LinkInput, CodesComeByTheirNames) {
  for (int i = 0; i <= static_cast<int>(Code::internal); ++i) {
    const auto code = static_cast<Code>(i);
    EXPECT_EQ(error_from(to_bytes(Error{code, "m", "", {}}, 100))->code, code);
  }
  std::string bytes;
  put_bytes(bytes, "a_code_of_tomorrow");
  put_bytes(bytes, "m");
  put_bytes(bytes, "");
  put(bytes, uint8_t{0});
  EXPECT_EQ(error_from(bytes)->code, Code::internal);
}

}  // namespace
}  // namespace anabranch::processes
