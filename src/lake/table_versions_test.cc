#include "lake/table_versions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lake/delta_table.h"
#include "lake/document.h"
#include "lake/local_store.h"
#include "lake/store_for_tests.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::lake {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Tables : public ::testing::Test {
 protected:
  /// A copy whose file is there; `content` is also its hash.
  TableVersion copy_of(const std::string& content, const std::string& table = "airlines") {
    const std::string name = data_file_name("copy" + std::to_string(++copies_), 0);
    EXPECT_TRUE(store_.put_if_absent(table_file_key(table, name), content));
    TableVersion copy;
    copy.file = {name, static_cast<int64_t>(content.size()), 16};
    copy.columns = {{"carrier", "VARCHAR"}, {"since", "TIMESTAMP"}};
    copy.content_hash = content;
    return copy;
  }
  DeltaSnapshot delta() {
    return DeltaTable::open(store_, "lake/bronze/airlines", clock_).value()->snapshot().value();
  }

  test::TemporaryFolder folder_;
  LocalStore store_{io::local_file_system(), folder_.path()};
  FixedClock clock_;
  TableVersions tables_{store_, clock_};
  int copies_ = 0;
};

TEST_F(Tables, TheSameContentIsAVersionOfItsOwnWhereTheFileWasLost) {
  TableVersion lost = copy_of("one");
  lost.memory_bytes = 12345;
  lost = tables_.add("airlines", lost).value();
  EXPECT_EQ(tables_.latest("airlines").value()->memory_bytes, 12345);
  EXPECT_EQ(tables_.add("airlines", copy_of("one")).value().version, 1);
  const TableVersion again = tables_.add("airlines", copy_of("one"), true).value();
  EXPECT_EQ(again.version, 2);
  EXPECT_EQ(again.content_hash, lost.content_hash);
  EXPECT_NE(again.file.path, lost.file.path);
}

TEST_F(Tables, VersionsComeBack) {
  EXPECT_TRUE(tables_.list("airlines")->empty());
  EXPECT_FALSE(tables_.latest("airlines").value());
  const TableVersion first = tables_.add("airlines", copy_of("one")).value();
  EXPECT_EQ(first.version, 1);
  EXPECT_EQ(first.copied_at_us, clock_.now);
  EXPECT_EQ(first.file_key(), "lake/bronze/airlines/part-00000-copy1.parquet");
  const TableVersion second = tables_.add("airlines", copy_of("two")).value();
  EXPECT_THAT(tables_.list("airlines").value(), ElementsAre(first, second));
  EXPECT_EQ(*tables_.latest("airlines").value(), second);
  EXPECT_EQ(tables_.get("airlines", 1).value(), first);
  ASSERT_TRUE(tables_.add("zones", copy_of("z", "zones")));
  EXPECT_THAT(tables_.tables().value(), ElementsAre("airlines", "zones"));
  const auto missing = tables_.get("airlines", 3);
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_THAT(missing.error().message, HasSubstr("airlines has no version 3"));
}

TEST_F(Tables, AnUnchangedCopyIsNoVersion) {
  const TableVersion first = tables_.add("airlines", copy_of("same")).value();
  clock_.now += 1;
  EXPECT_EQ(tables_.add("airlines", copy_of("same")).value(), first);
  TableVersion other_type = copy_of("same");
  other_type.columns[0].type = "JSON";
  EXPECT_EQ(tables_.add("airlines", other_type)->version, 2);
}

TEST_F(Tables, TheFileMustBeThereAndWhole) {
  TableVersion copy = copy_of("one");
  copy.file.size = 99;
  EXPECT_EQ(tables_.add("airlines", copy).error().code, Code::corrupt);
  copy.file.path = "nowhere.parquet";
  EXPECT_EQ(tables_.add("airlines", copy).error().code, Code::not_found);
  for (const std::string name : {"", "..", "a/b"})
    EXPECT_EQ(tables_.add(name, copy_of("x")).error().code, Code::bad_input) << name;
  EXPECT_TRUE(tables_.list("airlines")->empty());
}

TEST_F(Tables, OneOfTwoCopiesWins) {
  TroubledStore troubled(store_);
  TableVersions ours(troubled, clock_);
  troubled.before_put([&] { ASSERT_TRUE(tables_.add("airlines", copy_of("theirs"))); });
  EXPECT_EQ(ours.add("airlines", copy_of("ours")).error().code, Code::conflict);
  EXPECT_EQ((*tables_.latest("airlines"))->content_hash, "theirs");
}

TEST_F(Tables, ALostAnswerIsLookedUp) {
  TroubledStore troubled(store_);
  TableVersions ours(troubled, clock_);
  troubled.trouble(TroubledStore::Trouble::answer_lost);
  EXPECT_EQ(ours.add("airlines", copy_of("one"))->version, 1);
  troubled.trouble(TroubledStore::Trouble::request_lost);
  const TableVersion two = copy_of("two");
  EXPECT_EQ(ours.add("airlines", two).error().code, Code::unknown_outcome);
  EXPECT_EQ(ours.add("airlines", two)->version, 2);
}

TEST_F(Tables, DeltaFollowsVersionByVersion) {
  ASSERT_TRUE(tables_.write_delta("airlines")) << "nothing to do";
  ASSERT_TRUE(tables_.add("airlines", copy_of("one")));
  ASSERT_TRUE(tables_.write_delta("airlines"));
  EXPECT_EQ(delta().version, 0);
  // Two copies, and a crash before each Delta commit.
  ASSERT_TRUE(tables_.add("airlines", copy_of("two")));
  const TableVersion third = tables_.add("airlines", copy_of("three")).value();
  ASSERT_TRUE(tables_.write_delta("airlines"));
  ASSERT_TRUE(tables_.write_delta("airlines"));
  EXPECT_EQ(delta().version, 2);
  EXPECT_THAT(delta().files, ElementsAre(third.file));
  EXPECT_EQ(delta().columns, third.columns);
}

TEST_F(Tables, DamageIsNamed) {
  ASSERT_TRUE(tables_.add("airlines", copy_of("one")));
  ASSERT_TRUE(tables_.add("airlines", copy_of("two")));
  const io::Path path = folder_ / "lake/tables/airlines" / document_name(2);
  io::FileSystem& files = io::local_file_system();
  const std::string good = files.read_file(path).value();
  ASSERT_TRUE(files.write_atomically(path, good.substr(0, 100)));
  EXPECT_EQ(tables_.latest("airlines").error().code, Code::corrupt);
  EXPECT_THAT(tables_.latest("airlines").error().message, HasSubstr(document_name(2)));
  ASSERT_TRUE(files.write_atomically(path, good));
  ASSERT_TRUE(tables_.add("airlines", copy_of("three")));
  ASSERT_TRUE(files.remove(folder_ / "lake/tables/airlines" / document_name(2)));
  EXPECT_THAT(tables_.latest("airlines").error().message, HasSubstr(document_name(2)));
}

TEST_F(Tables, OldVersionsGoWithTheirFiles) {
  for (const char* content : {"one", "two", "three", "four"}) {
    ASSERT_TRUE(tables_.add("airlines", copy_of(content)));
    ASSERT_TRUE(tables_.write_delta("airlines"));
    clock_.now += 1'000'000;
  }
  const auto files = [&] {
    std::vector<std::string> all;
    const auto objects = store_.list("lake/bronze/airlines/part-").value();
    for (const ObjectInfo& object : objects) all.push_back(object.key);
    return all;
  };
  const auto versions = tables_.list("airlines").value();
  ASSERT_EQ(files().size(), 4u);
  ASSERT_TRUE(tables_.forget_before("airlines", 3));
  EXPECT_EQ(tables_.list("airlines")->front().version, 3);
  EXPECT_EQ(tables_.get("airlines", 2).error().code, Code::not_found);
  ASSERT_TRUE(tables_.tidy_delta("airlines", 0, false));
  EXPECT_EQ(files().size(), 4u) << "others may still go back to them";
  ASSERT_TRUE(tables_.tidy_delta("airlines", clock_.now / 1000, false));
  EXPECT_THAT(files(), ::testing::UnorderedElementsAre(versions[2].file_key(), versions[3].file_key()));
  EXPECT_EQ(tables_.add("airlines", copy_of("five"))->version, 5);

  // Never the latest; and a Delta table that was removed begins with what there is.
  ASSERT_TRUE(tables_.forget_before("airlines", 100));
  EXPECT_EQ(tables_.list("airlines")->size(), 1u);
  const auto log = store_.list("lake/bronze/airlines/_delta_log/").value();
  for (const ObjectInfo& object : log) ASSERT_TRUE(store_.remove(object.key));
  ASSERT_TRUE(tables_.write_delta("airlines"));
  EXPECT_EQ(DeltaTable::open(store_, "lake/bronze/airlines", clock_).value()->snapshot()->files.size(), 1u);
}

}  // namespace
}  // namespace anabranch::lake
