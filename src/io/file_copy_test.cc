#include "io/file_copy.h"

#include <gtest/gtest.h>

#include "tests/support/faulty_file_system.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::io {
namespace {

class FileCopy : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(files_.write_atomically(path(name), bytes));
  }
  Path path(const std::string& name) const { return folder_.path() / name; }

  test::TemporaryFolder folder_;
  FileSystem& files_ = local_file_system();
};

TEST_F(FileCopy, HasAllBytesOfWhatIsReadInSeveralSteps) {
  std::string bytes((16 << 20) + 3, 'x');
  for (size_t i = 0; i < bytes.size(); i += 4099) bytes[i] = static_cast<char>(i);
  for (const std::string& content : {bytes, std::string("\0\n", 2), std::string()}) {
    write("a", content);
    ASSERT_TRUE(copy_file(files_, path("a"), path("b")));
    EXPECT_TRUE(files_.read_file(path("b")).value() == content) << content.size();
    EXPECT_TRUE(files_.read_file(path("a")).value() == content) << content.size();
    ASSERT_TRUE(files_.remove(path("b")));
  }
}

TEST_F(FileCopy, NeverTakesThePlaceOfAnotherFile) {
  write("a", "new");
  write("b", "old");
  const Status copied = copy_file(files_, path("a"), path("b"));
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().code, Code::conflict);
  EXPECT_EQ(files_.read_file(path("b")).value(), "old");
}

TEST_F(FileCopy, LeavesNothingWhenItFails) {
  EXPECT_EQ(copy_file(files_, path("gone"), path("b")).error().code, Code::not_found);
  EXPECT_FALSE(files_.exists(path("b")).value());
  write("a", std::string(1000, 'x'));
  test::FaultyFileSystem full(files_, 1);
  full.set_space(500);
  EXPECT_EQ(copy_file(full, path("a"), path("b")).error().code, Code::disk_full);
  EXPECT_FALSE(files_.exists(path("b")).value());
}

TEST_F(FileCopy, TheStampOfAFileTellsOfAChange) {
  write("a", "one");
  const FileStamp first = stamp_of(path("a")).value();
  EXPECT_EQ(first.bytes, 3u);
  EXPECT_EQ(stamp_of(path("a")).value().changed_at, first.changed_at);
  std::filesystem::last_write_time(path("a"),
                                   std::filesystem::last_write_time(path("a")) + std::chrono::seconds(2));
  EXPECT_EQ(stamp_of(path("a")).value().changed_at - first.changed_at, 2'000'000'000);
  const auto missing = stamp_of(path("gone"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_NE(missing.error().message.find("gone"), std::string::npos);
}

}  // namespace
}  // namespace anabranch::io
