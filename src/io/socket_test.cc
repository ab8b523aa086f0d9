#include "io/socket.h"

#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace anabranch::io {
namespace {

TEST(Socket, GivesBytesInOrderAndThenTheEnd) {
  auto [one, other] = Socket::pair().value();
  const std::string_view pieces[] = {"ab", "", "cde"};
  ASSERT_EQ(one.write_now(pieces).value(), 5U);
  one.shut_down();
  char bytes[16];
  ASSERT_EQ(other.read(bytes, 2).value(), 2U);
  ASSERT_EQ(other.read(bytes + 2, 14).value(), 3U);
  EXPECT_EQ(std::string_view(bytes, 5), "abcde");
  EXPECT_EQ(other.read(bytes, 16).value(), 0U);
}

TEST(Socket, WritesWhatThereIsRoomForAndNeverWaits) {
  auto [one, other] = Socket::pair().value();
  const std::string much(64 << 20, 'x');
  const std::string_view pieces[] = {much};
  const size_t written = one.write_now(pieces).value();
  EXPECT_GT(written, 0U);
  EXPECT_LT(written, much.size());
  while (one.write_now(pieces).value() > 0) continue;
  std::thread reader([&other] {
    std::string bytes(8 << 20, '\0');
    size_t taken = 0;
    while (taken < bytes.size() / 8) taken += other.read(bytes.data(), bytes.size()).value();
  });
  ASSERT_TRUE(one.wait_for_room());
  reader.join();
}

TEST(Socket, ShutDownWakesWhoWaitsOnBothSides) {
  auto [one, other] = Socket::pair().value();
  std::thread here([&one] {
    std::string bytes(65536, '\0');
    while (one.read(bytes.data(), bytes.size()).value() > 0) continue;  // what came before, and then the end
  });
  std::thread there([&other] {
    const std::string much(1 << 20, 'x');
    const std::string_view pieces[] = {much};
    Result<size_t> written = size_t{0};
    while ((written = other.write_now(pieces))) ASSERT_TRUE(other.wait_for_room());
    EXPECT_EQ(written.error().code, Code::unavailable);
  });
  one.shut_down();
  here.join();
  there.join();
}

TEST(Socket, WhatIsNoSocketIsNotInherited) {
  EXPECT_EQ(Socket::inherited(987).error().code, Code::bad_input);
}

}  // namespace
}  // namespace anabranch::io
