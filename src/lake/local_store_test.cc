#include "lake/local_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lake/object_store_contract.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::lake {
namespace {

TEST(LocalStore, PassesTheContract) {
  test::TemporaryFolder folder;
  LocalStore store(io::local_file_system(), folder / "data");
  check_object_store_contract(store);
}

TEST(LocalStore, KeysAreRelativePaths) {
  test::TemporaryFolder folder;
  LocalStore store(io::local_file_system(), folder.path());
  ASSERT_TRUE(store.put_if_absent("lake/x", "bytes"));
  EXPECT_EQ(store.file_of("lake/x"), folder / "lake/x");
  EXPECT_EQ(io::local_file_system().read_file(folder / "lake/x").value(), "bytes");
}

TEST(LocalStore, AFolderThatWasTakenAwayIsMadeAgain) {
  test::TemporaryFolder folder;
  LocalStore store(io::local_file_system(), folder.path());
  ASSERT_TRUE(store.put_if_absent("lake/bronze/a/_delta_log/1.json", "bytes"));
  ASSERT_TRUE(store.put_if_absent("lake/bronze/ab/1.json", "bytes"));
  ASSERT_TRUE(io::local_file_system().remove_all(folder / "lake/bronze/a"));
  store.forget("lake/bronze/a");
  EXPECT_TRUE(store.put_if_absent("lake/bronze/a/_delta_log/1.json", "others"));
  EXPECT_EQ(store.get("lake/bronze/a/_delta_log/1.json").value(), "others");
  EXPECT_EQ(store.get("lake/bronze/ab/1.json").value(), "bytes");
}

TEST(LocalStore, LeftoversOfACrashAreNotListed) {
  test::TemporaryFolder folder;
  LocalStore store(io::local_file_system(), folder.path());
  ASSERT_TRUE(store.put_if_absent("lake/1.json", "whole"));
  ASSERT_TRUE(io::local_file_system().write_atomically(folder / "lake/2.json.0123456789abcdef.tmp", "ha"));
  EXPECT_EQ(keys_below(store, ""), std::vector<std::string>{"lake/1.json"});
}

TEST(LocalStore, AnUploadThatACrashEndsIsNotListed) {
  test::TemporaryFolder folder;
  LocalStore store(io::local_file_system(), folder.path());
  auto writer = store.create("lake/part.parquet").value();
  ASSERT_TRUE(writer->append("some of it"));
  const auto files = io::local_file_system().list(folder / "lake").value();
  ASSERT_EQ(files.size(), 1u);
  EXPECT_TRUE(files[0].name.ends_with(".tmp")) << files[0].name;
  writer.reset();
  EXPECT_TRUE(io::local_file_system().list(folder / "lake").value().empty());
}

TEST(LocalStore, AFileThatWasReplacedIsAnotherObject) {
  test::TemporaryFolder folder;
  LocalStore store(io::local_file_system(), folder.path());
  ASSERT_TRUE(store.put_if_absent("lake/part.parquet", "damaged"));
  const auto before = store.open("lake/part.parquet").value();
  ASSERT_TRUE(io::local_file_system().write_atomically(folder / "lake/part.parquet", "mended!"));
  const auto after = store.open("lake/part.parquet").value();
  EXPECT_NE(before->version(), after->version()) << "as long, but from a backup";
  EXPECT_EQ(after->version(), store.open("lake/part.parquet").value()->version());
}

TEST(LocalStore, AFullDiskEndsAnUpload) {
  test::TemporaryFolder folder;
  test::FaultyFileSystem files(io::local_file_system(), 1);
  LocalStore store(files, folder.path());
  auto writer = store.create("lake/part.parquet").value();
  files.set_space(3);
  EXPECT_EQ(writer->append("more than that").error().code, Code::disk_full);
  writer.reset();
  EXPECT_EQ(keys_below(store, ""), std::vector<std::string>{});
}

TEST(LocalStore, AFullDiskLeavesNothing) {
  test::TemporaryFolder folder;
  test::FaultyFileSystem files(io::local_file_system(), 1);
  LocalStore store(files, folder.path());
  files.set_space(3);
  EXPECT_EQ(store.put_if_absent("lake/1.json", "more than that").error().code, Code::disk_full);
  EXPECT_EQ(keys_below(store, ""), std::vector<std::string>{});
  files.set_space(std::nullopt);
  EXPECT_TRUE(store.put_if_absent("lake/1.json", "more than that"));
}

// Whatever the moment of a power cut: what was promised is there, nothing is there in part, and an error that
// is neither conflict nor unknown_outcome means that nothing is there.
TEST(LocalStore, PutIsDurableOrSaysThatItDoesNotKnow) {
  test::TemporaryFolder folder;
  for (uint64_t seed = 0; seed < 80; ++seed) {
    SCOPED_TRACE(seed);
    test::FaultyFileSystem files(io::local_file_system(), seed);
    const io::Path data = folder / std::to_string(seed);
    std::map<std::string, Status> puts;
    {
      LocalStore store(files, data);
      files.crash_after(seed % 25);
      for (int i = 0; !files.is_off(); ++i) {
        const std::string key = "lake/" + std::to_string(i);
        puts[key] = store.put_if_absent(key, std::string(600, 'a'));
      }
    }
    files.restart();
    LocalStore store(files, data);
    for (const auto& [key, put] : puts) {
      const auto bytes = store.get(key);
      if (bytes) {
        EXPECT_EQ(*bytes, std::string(600, 'a')) << key;
        EXPECT_TRUE(put || put.error().code == Code::unknown_outcome) << put.error().describe();
      } else {
        EXPECT_FALSE(put) << key;
      }
    }
  }
}

TEST(LocalStore, ANameThatCouldNotBeSyncedIsAnUnknownOutcome) {
  test::TemporaryFolder folder;
  test::FaultyFileSystem files(io::local_file_system(), 1);
  LocalStore store(files, folder.path());
  ASSERT_TRUE(store.put_if_absent("lake/0", "x"));
  // Changes of a put: temporary file, append, sync, link, removal of the temporary name, sync of the folder.
  files.crash_after(5);
  EXPECT_EQ(store.put_if_absent("lake/1", "x").error().code, Code::unknown_outcome);
}

}  // namespace
}  // namespace anabranch::lake
