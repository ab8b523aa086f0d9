// The engine over objects that are no files. The stand-in for a store keeps bytes in memory; real stores are
// held against lake/object_store_contract.h.
#include "sql/object_urls.h"

#include <map>
#include <mutex>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/parquet_file.h"
#include "sql/syntax.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::sql {
namespace {

using testing::HasSubstr;

class Objects final : public io::ObjectFiles {
 public:
  struct Object {
    std::string bytes;
    int version = 0;
  };

  Result<std::unique_ptr<io::ObjectReader>> open(const std::string& key) override {
    const std::lock_guard lock(mutex_);
    const auto found = objects.find(key);
    if (found == objects.end()) return fail(Code::not_found, "there is no object " + key);
    ++opened;
    return std::make_unique<Reader>(found->second);
  }
  Result<std::unique_ptr<io::ObjectWriter>> create(const std::string& key) override {
    return std::make_unique<Writer>(*this, key);
  }
  Status remove(const std::string& key) override {
    const std::lock_guard lock(mutex_);
    objects.erase(key);
    return {};
  }

  std::map<std::string, Object> objects;
  int opened = 0;
  bool is_full = false;

 private:
  struct Reader final : io::ObjectReader {
    explicit Reader(Object opened) : object(std::move(opened)) {}
    uint64_t size() const override { return object.bytes.size(); }
    std::string version() const override { return std::to_string(object.version); }
    bool is_near() const override { return true; }
    Status read(uint64_t position, std::span<char> into) const override {
      if (position + into.size() > object.bytes.size()) return fail(Code::corrupt, "it ends before");
      std::copy_n(object.bytes.data() + position, into.size(), into.data());
      return {};
    }
    const Object object;
  };
  struct Writer final : io::ObjectWriter {
    Writer(Objects& owner, std::string created) : objects(owner), key(std::move(created)) {}
    Status append(std::string_view more) override {
      if (objects.is_full) return fail(Code::disk_full, "No space left on device: " + key);
      bytes += more;
      return {};
    }
    Status finish() override {
      const std::lock_guard lock(objects.mutex_);
      auto& object = objects.objects[key];
      object = {std::move(bytes), object.version + 1};
      return {};
    }
    Objects& objects;
    const std::string key;
    std::string bytes;
  };

  std::mutex mutex_;
};

class ObjectUrls : public ::testing::Test {
 protected:
  void SetUp() override { start({}); }
  void start(const Database::Options& options, const std::vector<std::string>& folders = {}) {
    session_.reset();
    database_ = Database::open(options).value();
    ASSERT_TRUE(give_objects(*database_, objects_, folders));
    session_.emplace(database_->connect().value());
  }
  Result<int64_t> write(const std::string& key, const std::string& select) {
    return write_parquet(*session_, select, object_url(key));
  }
  std::string read(const std::string& key, const std::string& select = "sum(i)") {
    const auto rows = session_->query(
        fmt::format("SELECT {} FROM {}", select, read_files("read_parquet", {object_url(key)})));
    if (!rows) return rows.error().describe();
    return rows->text(0, 0).value_or("NULL");
  }

  Objects objects_;
  std::unique_ptr<Database> database_;
  std::optional<Session> session_;
};

TEST_F(ObjectUrls, AUrlHasItsKey) {
  EXPECT_EQ(object_url("lake/a b/c.parquet"), "store://lake/a b/c.parquet");
  EXPECT_EQ(object_key("store://lake/a b/c.parquet"), "lake/a b/c.parquet");
  EXPECT_EQ(object_key("/data/store://x"), std::nullopt);
}

TEST_F(ObjectUrls, ParquetIsWrittenAndRead) {
  EXPECT_EQ(write("lake/part.parquet", "SELECT i FROM range(100000) AS r(i)").value(), 100'000);
  ASSERT_TRUE(objects_.objects.contains("lake/part.parquet"));
  EXPECT_TRUE(objects_.objects.at("lake/part.parquet").bytes.starts_with("PAR1"));
  EXPECT_TRUE(objects_.objects.at("lake/part.parquet").bytes.ends_with("PAR1"));
  EXPECT_EQ(read("lake/part.parquet"), "4999950000");
  const auto numbered =
      session_->query(fmt::format("SELECT max({}) FROM {}", row_number_column,
                                  read_numbered(object_url("lake/part.parquet"), {{"i", "BIGINT"}})));
  EXPECT_EQ(numbered.value().integer(0, 0), 99'999);
  const auto named = session_->query(
      fmt::format("SELECT DISTINCT file_name FROM {}", parquet_metadata({object_url("lake/part.parquet")})));
  EXPECT_EQ(named.value().text(0, 0), "store://lake/part.parquet");
}

TEST_F(ObjectUrls, AKeyIsNoPattern) {
  for (const char* key : {"a[1]/*.parquet", "a?b.parquet", "id=9/x.parquet", "a'b.parquet"}) {
    ASSERT_TRUE(write(key, "SELECT 7 AS i")) << key;
    EXPECT_EQ(read(key), "7") << key;
    EXPECT_EQ(read(key, "count(*)"), "1");
  }
}

TEST_F(ObjectUrls, WhatFailsLeavesNothing) {
  EXPECT_FALSE(
      write("lake/bad.parquet",
            "SELECT CASE WHEN i = 999999 THEN error('no') ELSE i END AS i FROM range(1000000) AS r(i)"));
  EXPECT_TRUE(objects_.objects.empty());
  objects_.is_full = true;
  const auto full = write("lake/full.parquet", "SELECT i FROM range(100000) AS r(i)");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Code::disk_full) << full.error().describe();
  EXPECT_THAT(full.error().message, HasSubstr("lake/full.parquet"));
  EXPECT_TRUE(objects_.objects.empty());
}

TEST_F(ObjectUrls, AValueThatNeedsASecondAttemptIsWrittenOver) {
  EXPECT_EQ(write("lake/zero.parquet", "SELECT -0.0::DOUBLE AS i").value(), 1);
  EXPECT_EQ(read("lake/zero.parquet", "signbit(any_value(i))"), "true");
  EXPECT_EQ(objects_.objects.at("lake/zero.parquet").version, 2);
}

TEST_F(ObjectUrls, ErrorsNameTheKey) {
  EXPECT_THAT(read("lake/gone.parquet"), HasSubstr("lake/gone.parquet"));
  objects_.objects["lake/bad.parquet"] = {"PAR1 this is none", 1};
  EXPECT_THAT(read("lake/bad.parquet"), HasSubstr("lake/bad.parquet"));
  EXPECT_THAT(session_->run("ATTACH 'store://serving/gone.duckdb' AS g (READ_ONLY)").error().message,
              HasSubstr("serving/gone.duckdb"));
}

TEST_F(ObjectUrls, WhatReplacesAnObjectIsReadAnew) {
  ASSERT_TRUE(write("a.parquet", "SELECT 1 AS i"));
  EXPECT_EQ(read("a.parquet"), "1");
  ASSERT_TRUE(write("b.parquet", "SELECT 2 AS i"));
  auto other = objects_.objects.at("b.parquet");
  other.version = 77;
  objects_.objects["a.parquet"] = other;
  EXPECT_EQ(read("a.parquet"), "2");
}

TEST_F(ObjectUrls, ADatabaseFileIsAttachedToRead) {
  const test::TemporaryFolder folder;
  const io::Path file = folder / "states.duckdb";
  ASSERT_TRUE(session_->run(fmt::format("ATTACH {} AS made", quote_literal(file.string()))));
  ASSERT_TRUE(session_->run("CREATE TABLE made.t AS SELECT i, 'k' || i AS k FROM range(100000) AS r(i)"));
  ASSERT_TRUE(session_->run("DETACH made"));
  objects_.objects["serving/b1.duckdb"] = {io::local_file_system().read_file(file).value(), 1};
  ASSERT_TRUE(session_->run("ATTACH 'store://serving/b1.duckdb' AS build (READ_ONLY)"));
  EXPECT_EQ(session_->query("SELECT max(k) FROM build.t WHERE i < 500").value().text(0, 0), "k99");
  EXPECT_FALSE(session_->run("INSERT INTO build.t VALUES (1, 'x')"));
  ASSERT_TRUE(session_->run("DETACH build"));
  EXPECT_FALSE(session_->run("ATTACH 'store://serving/b1.duckdb' AS build"))
      << "an object cannot be written here and there";
}

TEST_F(ObjectUrls, WithoutExternalAccessOnlyFoldersThatWereNamedAreRead) {
  ASSERT_TRUE(write("lake/in.parquet", "SELECT 5 AS i"));
  ASSERT_TRUE(write("secret/out.parquet", "SELECT 6 AS i"));
  Database::Options locked;
  locked.has_external_access = false;
  start(locked, {"lake/"});
  EXPECT_EQ(read("lake/in.parquet"), "5");
  EXPECT_THAT(read("secret/out.parquet"), HasSubstr("file system operations are disabled"));
  EXPECT_THAT(read("lake/../secret/out.parquet"), testing::Ne("6"));
  ASSERT_TRUE(write("lake/new.parquet", "SELECT 8 AS i"));
  EXPECT_FALSE(write("secret/new.parquet", "SELECT 8 AS i"));
}

}  // namespace
}  // namespace anabranch::sql
