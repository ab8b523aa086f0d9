#include "log/schema_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/faulty_file_system.h"
#include "tests/support/read_only_files.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::log {
namespace {

using ::testing::HasSubstr;

model::Schema schema_of(uint32_t version, std::vector<std::string> names) {
  model::Schema schema;
  schema.version = version;
  for (std::string& name : names) schema.fields.push_back({std::move(name), {}, false, ""});
  return schema;
}

class Schemas : public ::testing::Test {
 protected:
  std::unique_ptr<SchemaStore> open() { return SchemaStore::open(files_, folder_ / "schema").value(); }

  test::TemporaryFolder folder_;
  io::FileSystem& files_ = io::local_file_system();
};

TEST_F(Schemas, AreThereAfterReopening) {
  {
    auto store = open();
    EXPECT_EQ(store->latest(), nullptr);
    for (uint32_t version = 1; version <= 11; ++version) {
      ASSERT_TRUE(store->add(schema_of(version, std::vector<std::string>(version, "a"))));
    }
  }
  auto store = open();
  EXPECT_EQ(store->latest()->version, 11u);
  EXPECT_EQ(store->get(1).value()->fields.size(), 1u);
  EXPECT_EQ(store->get(10).value()->fields.size(), 10u);
  EXPECT_EQ(store->get(12).error().code, Code::not_found);
  EXPECT_EQ(store->get(0).error().code, Code::not_found);
}

TEST_F(Schemas, VersionsThatAddAFieldAreSmall) {
  constexpr uint32_t versions = 300;
  model::Schema schema = schema_of(1, {"a"});
  {
    auto store = open();
    ASSERT_TRUE(store->add(schema));
    for (schema.version = 2; schema.version <= versions; ++schema.version) {
      schema.add({fmt::format("a_field_that_came_later_{}", schema.version), {}, false, ""});
      ASSERT_TRUE(store->add(schema));
    }
    --schema.version;
  }
  uint64_t bytes = 0;
  const auto entries = files_.list(folder_ / "schema").value();
  for (const auto& entry : entries) bytes += files_.read_file(folder_ / "schema" / entry.name).value().size();
  EXPECT_LT(bytes, 60'000u);
  EXPECT_EQ(*open()->latest(), schema);
  EXPECT_EQ(*SchemaStore::read_latest(files_, folder_ / "schema").value(), schema);
  EXPECT_EQ(SchemaStore::read_latest(files_, folder_ / "none").value(), nullptr);
  EXPECT_FALSE(files_.exists(folder_ / "none").value());
}

TEST_F(Schemas, NeverChangeAndNeverSkip) {
  auto store = open();
  ASSERT_TRUE(store->add(schema_of(1, {"a"})));
  EXPECT_TRUE(store->add(schema_of(1, {"a"}))) << "the same again";
  EXPECT_EQ(store->add(schema_of(1, {"b"})).error().code, Code::conflict);
  EXPECT_EQ(store->add(schema_of(3, {"a"})).error().code, Code::bad_input);
  EXPECT_EQ(store->add(schema_of(0, {"a"})).error().code, Code::bad_input);
}

TEST_F(Schemas, MissingOrDamagedFileIsNamed) {
  {
    auto store = open();
    for (uint32_t version = 1; version <= 3; ++version) ASSERT_TRUE(store->add(schema_of(version, {"a"})));
  }
  ASSERT_TRUE(files_.write_atomically(folder_ / "schema" / "3.json", R"({"version":"three","fields":[]})"));
  auto damaged = SchemaStore::open(files_, folder_ / "schema");
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, Code::corrupt);
  EXPECT_THAT(damaged.error().message, HasSubstr("3.json"));
  EXPECT_FALSE(damaged.error().hint.empty());

  ASSERT_TRUE(files_.remove(folder_ / "schema" / "2.json"));
  auto missing = SchemaStore::open(files_, folder_ / "schema");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("2.json"));
}

// Law L1 for schemas: what add() promised is there after a power cut at any moment.
TEST_F(Schemas, AddedIsDurable) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    test::FaultyFileSystem files(io::local_file_system(), seed);
    const io::Path folder = folder_ / std::to_string(seed) / "schema";
    uint32_t added = 0;
    {
      auto store = SchemaStore::open(files, folder).value();
      files.crash_after(seed % 30);
      for (uint32_t version = 1; !files.is_off(); ++version) {
        if (store->add(schema_of(version, {"a", "b"}))) added = version;
      }
    }
    files.restart();
    auto store = SchemaStore::open(files, folder);
    ASSERT_TRUE(store) << store.error().describe();
    const uint32_t found = (*store)->latest() ? (*store)->latest()->version : 0;
    EXPECT_GE(found, added);
    EXPECT_LE(found, added + 1);
    EXPECT_TRUE((*store)->add(schema_of(added + 1, {"a", "b"}))) << "trying again goes on where it stopped";
  }
}

TEST_F(Schemas, FullDiskLeavesNothingBehind) {
  test::FaultyFileSystem files(io::local_file_system(), 1);
  auto store = SchemaStore::open(files, folder_ / "schema").value();
  files.set_space(10);
  EXPECT_EQ(store->add(schema_of(1, {"a"})).error().code, Code::disk_full);
  EXPECT_EQ(store->latest(), nullptr);
  files.set_space(std::nullopt);
  EXPECT_TRUE(store->add(schema_of(1, {"a"})));
}

// Of a store that another process has open.
TEST_F(Schemas, AreFollowed) {
  test::ReadOnlyFiles reading(files_, [](const io::Path&) { return uint64_t{0}; });
  const auto followed = SchemaStore::follow(reading, folder_ / "schema", 0).value();
  EXPECT_EQ(followed->latest(), nullptr) << "nor is there a folder";
  EXPECT_EQ(followed->get(1).error().code, Code::not_found);
  const auto store = open();
  for (uint32_t version = 1; version <= 5; ++version)
    ASSERT_TRUE(store->add(schema_of(version, std::vector<std::string>(version, "a"))));
  EXPECT_EQ(followed->latest(), nullptr) << "not told yet";
  ASSERT_TRUE(followed->refresh(2));
  EXPECT_EQ(followed->latest()->version, 2u) << "as far as it was told";
  EXPECT_EQ(*followed->get(4).value(), *store->get(4).value()) << "a batch names it: it is there";
  EXPECT_EQ(*followed->get(1).value(), *store->get(1).value());
  ASSERT_TRUE(followed->refresh(1));
  EXPECT_EQ(followed->latest()->version, 4u) << "none goes";
  EXPECT_EQ(followed->get(6).error().code, Code::not_found);
  EXPECT_EQ(followed->get(0).error().code, Code::not_found);
  EXPECT_EQ(followed->add(schema_of(6, {"b"})).error().code, Code::unavailable);
  const auto from_the_middle = SchemaStore::follow(reading, folder_ / "schema", 3).value();
  EXPECT_EQ(from_the_middle->latest()->version, 3u);
  const Status missing = followed->refresh(7);
  EXPECT_EQ(missing.error().code, Code::corrupt);
  EXPECT_THAT(missing.error().message, HasSubstr("6.json"));
  EXPECT_EQ(followed->latest()->version, 5u) << "what is there was taken in";
  ASSERT_TRUE(files_.write_atomically(folder_ / "schema" / "6.json", "{}"));
  EXPECT_EQ(followed->get(6).error().code, Code::corrupt);
}

}  // namespace
}  // namespace anabranch::log
