#include "io/private_folder.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

namespace anabranch::io {
namespace {

TEST(PrivateFolder, IsOfThisUserAndGoesWithWhatIsInIt) {
  Path path;
  {
    auto folder = PrivateFolder::create();
    ASSERT_TRUE(folder);
    path = folder->path();
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_all);
    std::filesystem::create_directories(path / "a" / "b");
    std::ofstream(path / "a" / "b" / "c") << "text";
    const PrivateFolder moved = std::move(*folder);
    EXPECT_EQ(moved.path(), path);
    EXPECT_TRUE(std::filesystem::exists(path / "a" / "b" / "c"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(PrivateFolder, SaysWhereItCannotBe) {
  const char* before = std::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  ASSERT_EQ(::setenv("TMPDIR", "/nowhere at all", 1), 0);
  const auto folder = PrivateFolder::create();
  before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", kept.c_str(), 1);
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, Code::io);
}

}  // namespace
}  // namespace anabranch::io
