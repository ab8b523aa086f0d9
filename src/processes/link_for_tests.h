#pragma once
// Links whose two sides are in one process, and what tests ask of them.

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "io/clock.h"
#include "processes/link.h"

namespace anabranch::processes {

inline const Link::Options small_options{.handler_threads = 4, .calls_max = 64, .message_bytes_max = 4 << 20};

/// Waits until it is so; false after that time.
template <typename Condition>
bool comes_true(const Condition& condition, int64_t within_us = 20'000'000) {
  const int64_t until_us = io::system_clock().monotonic_us() + within_us;
  while (!condition()) {
    if (io::system_clock().monotonic_us() > until_us) return false;
    std::this_thread::yield();
  }
  return true;
}

/// What a test's other side answers:
///   echo TEXT → TEXT; error → an error with all its parts; throw; block → cancelled, when it is;
///   stream "COUNT SIZE" → so many frames of such a size, each of its own letter, then "done".
inline Result<std::string> answer_of_tests(IncomingCall& call) {
  const std::string request(call.request());
  if (call.method() == "echo") return request;
  if (call.method() == "error")
    return fail_at(Place{"models/gold/x.sql", 3, 14}, Code::bad_sql, "there is no column y",
                   "name one that there is");
  if (call.method() == "throw") throw std::runtime_error("no memory");
  if (call.method() == "block") {
    while (!*call.cancelled()) std::this_thread::yield();
    return fail(Code::cancelled, "nobody waits");
  }
  if (call.method() == "stream") {
    int count = 0;
    size_t size = 0;
    if (std::sscanf(request.c_str(), "%d %zu", &count, &size) != 2)
      return fail(Code::bad_input, "no numbers");
    for (int i = 0; i < count; ++i) {
      if (auto sent = call.send(std::string(size, static_cast<char>('a' + i % 26))); !sent)
        return fail(std::move(sent).error());
    }
    return "done";
  }
  return fail(Code::not_found, "there is no such method");
}

/// Counts what it is given, and may wait first.
class CountingSink final : public FrameSink {
 public:
  Status frame(std::string bytes) override {
    if (is_held) {
      is_holding = true;
      while (is_held) std::this_thread::yield();
    }
    for (const char letter : bytes) is_right &= letter == static_cast<char>('a' + frames % 26);
    ++frames;
    bytes_taken += bytes.size();
    if (frames == frames_max) return fail(Code::disk_full, "no room for more");
    return {};
  }
  std::atomic<bool> is_held = false;
  std::atomic<bool> is_holding = false;
  std::atomic<int> frames = 0;
  std::atomic<size_t> bytes_taken = 0;
  bool is_right = true;
  int frames_max = -1;
};

struct TwoLinks {
  std::unique_ptr<Link> one;
  std::unique_ptr<Link> other;
};

inline TwoLinks two_links(Link::Handler handler = answer_of_tests, Link::TellHandler told = {},
                          const Link::Options& options = small_options) {
  auto [one, other] = io::Socket::pair().value();
  return {Link::over(std::move(one), answer_of_tests, {}, options),
          Link::over(std::move(other), std::move(handler), std::move(told), options)};
}

}  // namespace anabranch::processes
