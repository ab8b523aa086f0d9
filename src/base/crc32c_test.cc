#include "base/crc32c.h"

#include <string>

#include <gtest/gtest.h>

namespace anabranch {
namespace {

TEST(Crc32c, GivesTheValuesOfRfc3720) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43u);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
}

TEST(Crc32c, ContinuesFromWhatCameBefore) { EXPECT_EQ(crc32c("456789", crc32c("123")), crc32c("123456789")); }

}  // namespace
}  // namespace anabranch
