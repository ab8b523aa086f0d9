#include "log/log_extent.h"

#include <gtest/gtest.h>

namespace anabranch::log {
namespace {

LogExtent some() {
  return {
      7, 3, {{0, 0, 0, 0, 0}, {10, 400, 25, 900, 2}, {INT64_MAX - 1, 0, INT64_MAX, UINT64_MAX, UINT64_MAX}}};
}

TEST(LogExtents, AreTheSameWhenTheyArrive) {
  for (const LogExtent& extent : {LogExtent{}, some()}) {
    const auto arrived = parse_log_extent(encode(extent));
    ASSERT_TRUE(arrived) << arrived.error().describe();
    EXPECT_EQ(*arrived, extent);
  }
  EXPECT_EQ(encode(some()).size(), 20u + 3 * 40);
}

TEST(LogExtents, AreRefusedWhenTheyAreNone) {
  const std::string bytes = encode(some());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(parse_log_extent(bytes.substr(0, size)).error().code, Code::bad_input) << size;
  EXPECT_FALSE(parse_log_extent(bytes + '\0'));
  std::string of_later_version = bytes;
  of_later_version[0] = 2;
  EXPECT_FALSE(parse_log_extent(of_later_version));
  std::string of_many = bytes;
  of_many.replace(16, 4, "\xff\xff\xff\xff");
  EXPECT_FALSE(parse_log_extent(of_many));
}

TEST(LogExtents, AreRefusedWhenTheyCannotBe) {
  for (const PartitionExtent& wrong : {PartitionExtent{-1, 0, 0, 0, 0}, PartitionExtent{5, 0, 4, 10, 0},
                                       PartitionExtent{0, 10, 4, 9, 0}, PartitionExtent{0, 10, 4, 10, 0}}) {
    LogExtent extent = some();
    extent.partitions[1] = wrong;
    const auto parsed = parse_log_extent(encode(extent));
    ASSERT_FALSE(parsed);
    EXPECT_NE(parsed.error().message.find("partition 1"), std::string::npos) << parsed.error().message;
  }
}

}  // namespace
}  // namespace anabranch::log
