#include "app/stored_data.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace anabranch::app {
namespace {

using front::Droppable;
using Kind = Droppable::Kind;

class StoredDataTest : public ::testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) {
    ASSERT_TRUE(files_.create_folders((folder_.path() / path).parent_path()));
    ASSERT_TRUE(files_.write_atomically(folder_.path() / path, text));
  }
  bool exists(const std::string& path) { return files_.exists(folder_.path() / path).value(); }

  io::FileSystem& files_ = io::local_file_system();
  test::TemporaryFolder folder_;
};

TEST_F(StoredDataTest, FindsWhatLiesThereByKindAndName) {
  EXPECT_TRUE(find_stored(files_, folder_.path()).value().empty());
  write("log/clicks/0/1.log", "12345");
  write("log/clicks/schema/1.json", "12");
  write("lake/bronze/clicks/part.parquet", "123");
  write("lake/bronze/clicks/_delta_log/0.json", "1");
  write("lake/tables/planes/1.json", "1234");
  write("lake/bronze/planes/part.parquet", "12");
  write("lake/bronze/left/part.parquet", "1");
  write("lake/gold/daily/part.parquet", "123456");
  write("lake/manifests/1.json", "1");
  write("serving/b1.duckdb", "1");
  write("log/no_folder", "1");
  const auto found = find_stored(files_, folder_.path()).value();
  std::vector<std::tuple<Kind, std::string, int64_t, std::vector<std::string>>> all;
  for (const Droppable& item : found) all.emplace_back(item.kind, item.name, item.bytes, item.folders);
  // In the lake first.
  EXPECT_EQ(all, (decltype(all){{Kind::stream, "clicks", 11, {"lake/bronze/clicks", "log/clicks"}},
                                {Kind::stream, "left", 1, {"lake/bronze/left"}},
                                {Kind::table, "planes", 6, {"lake/bronze/planes", "lake/tables/planes"}},
                                {Kind::view, "gold.daily", 6, {"lake/gold/daily"}}}));
}

TEST_F(StoredDataTest, TakesFoldersAwayEachInOneStep) {
  write("lake/bronze/clicks/a", "1");
  write("log/clicks/b", "1");
  write("log/orders/c", "1");
  ASSERT_TRUE(discard(files_, folder_.path(), {"lake/bronze/clicks", "log/clicks"}, "d1"));
  EXPECT_FALSE(exists("lake/bronze/clicks"));
  EXPECT_FALSE(exists("log/clicks"));
  EXPECT_FALSE(exists("discarded"));
  EXPECT_TRUE(exists("log/orders/c"));
}

TEST_F(StoredDataTest, ACrashLeavesWholeFoldersAndWhatAStartRemoves) {
  write("lake/bronze/clicks/a", "1");
  write("log/clicks/b", "1");
  // The second folder is not there: what was reached is gone, and nothing else.
  EXPECT_FALSE(discard(files_, folder_.path(), {"lake/bronze/clicks", "log/other", "log/clicks"}, "d1"));
  EXPECT_FALSE(exists("lake/bronze/clicks"));
  EXPECT_TRUE(exists("log/clicks/b"));
  EXPECT_TRUE(exists("discarded"));
  ASSERT_TRUE(discard(files_, folder_.path(), {"log/clicks"}, "d1"));  // the same id again
  EXPECT_FALSE(exists("log/clicks"));
  write("discarded/x/y", "1");
  ASSERT_TRUE(remove_discarded(files_, folder_.path()));
  EXPECT_FALSE(exists("discarded"));
  ASSERT_TRUE(remove_discarded(files_, folder_.path()));
}

}  // namespace
}  // namespace anabranch::app
