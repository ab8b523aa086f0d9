#include "io/file_system.h"

#include <cstdlib>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace anabranch::io {
namespace {

class LocalFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "anabranch-io-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Path folder_;
  FileSystem& files_ = local_file_system();
};

TEST_F(LocalFiles, OnlyFilesAreOpenedAndNothingIsWaitedFor) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  for (const Path& path : {folder_ / "pipe", folder_, Path("/dev/zero")}) {
    const auto file = files_.open(path, FileSystem::Open::read);
    ASSERT_FALSE(file) << path;
    EXPECT_EQ(file.error().code, Code::bad_input) << file.error().message;
    EXPECT_FALSE(files_.read_file(path));
  }
}

TEST_F(LocalFiles, AppendsAndReadsBack) {
  auto file = files_.open(folder_ / "a", FileSystem::Open::append);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append("hello "));
  ASSERT_TRUE((*file)->append("world"));
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ((*file)->read_at(6, 100).value(), "world");
  EXPECT_EQ(files_.read_file(folder_ / "a").value(), "hello world");
}

TEST_F(LocalFiles, MissingFileIsNotFoundAndNamed) {
  auto file = files_.open(folder_ / "missing", FileSystem::Open::read);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Code::not_found);
  EXPECT_NE(file.error().message.find("missing"), std::string::npos);
}

TEST_F(LocalFiles, AtomicCreationHasOneWinner) {
  ASSERT_TRUE(files_.create_atomically(folder_ / "v1", "first"));
  auto second = files_.create_atomically(folder_ / "v1", "second");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::conflict);
  EXPECT_EQ(files_.read_file(folder_ / "v1").value(), "first");
  EXPECT_EQ(files_.list(folder_)->size(), 1u) << "the loser leaves nothing behind";
}

TEST_F(LocalFiles, AtomicWriteReplaces) {
  ASSERT_TRUE(files_.write_atomically(folder_ / "f", "one"));
  ASSERT_TRUE(files_.write_atomically(folder_ / "f", "two"));
  EXPECT_EQ(files_.read_file(folder_ / "f").value(), "two");
}

TEST_F(LocalFiles, LockIsHeldOnceAndTellsWhoHoldsIt) {
  auto first = files_.lock(folder_ / "lock", "first owner");
  ASSERT_TRUE(first);
  auto second = files_.lock(folder_ / "lock", "second owner");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::conflict);
  EXPECT_EQ(second.error().message, "first owner");
  first->reset();
  EXPECT_TRUE(files_.lock(folder_ / "lock", "second owner"));
}

}  // namespace
}  // namespace anabranch::io
