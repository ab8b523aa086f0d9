#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lake/delta_checkpoint.h"
#include "lake/delta_copies.h"
#include "lake/delta_table.h"
#include "lake/local_store.h"
#include "lake/store_for_tests.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::lake {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string table_key = "lake/gold/t";
const std::vector<model::RelationColumn> columns{{"id", "INTEGER"}, {"when", "TIMESTAMP"}};

// Law: what is deleted is what nobody can ask for any more.
class DeltaTidy : public ::testing::Test {
 protected:
  DataFile file(const std::string& name) {
    EXPECT_TRUE(store_.put_if_absent(table_key + "/" + name, "rows"));
    return {name, 4, 1};
  }
  std::unique_ptr<DeltaTable> open() {
    auto table = DeltaTable::open(store_, table_key, clock_);
    EXPECT_TRUE(table) << table.error().describe();
    return std::move(*table);
  }
  // Version v has the file f<v> alone, made v hours after the first.
  void write_versions(int64_t count) {
    auto table = open();
    for (int64_t version = 0; version < count; ++version) {
      ASSERT_TRUE(table->replace(columns, {file(fmt::format("f{}", version))}, {"app", version + 1}));
      clock_.now += hour_us;
    }
  }
  std::vector<std::string> names(const std::string& below = "") {
    std::vector<std::string> all;
    const std::string folder = table_key + "/" + below;
    const auto objects = store_.list(folder).value();
    for (const ObjectInfo& object : objects) {
      const std::string name = object.key.substr(folder.size());
      if (name.find('/') == std::string::npos) all.push_back(name);
    }
    return all;
  }
  int64_t ago_ms(int64_t hours) { return (clock_.now - hours * hour_us) / 1000; }

  static constexpr int64_t hour_us = 3'600'000'000;
  test::TemporaryFolder folder_;
  LocalStore store_{io::local_file_system(), folder_.path()};
  FixedClock clock_;
};

TEST_F(DeltaTidy, ReplacedFilesGoWhenTheirTimeIsOver) {
  write_versions(5);  // f0 was replaced 4 hours ago, f3 one hour ago
  auto table = open();
  EXPECT_EQ(table->tidy({.removed_after_ms = ago_ms(100)}).value(), 0);
  EXPECT_EQ(table->tidy({.removed_after_ms = ago_ms(2) - 1}).value(), 2);
  EXPECT_THAT(names(), ElementsAre("f2", "f3", "f4"));
  EXPECT_EQ(table->tidy({.removed_after_ms = ago_ms(0)}).value(), 2);
  EXPECT_THAT(names(), ElementsAre("f4"));
  EXPECT_THAT(open()->snapshot()->files, ElementsAre(DataFile{"f4", 4, 1}));
}

TEST_F(DeltaTidy, WhatIsReadStays) {
  write_versions(3);
  auto table = open();
  DeltaTable::Keep keep{.removed_after_ms = ago_ms(0)};
  keep.is_used = [](const std::string& path) { return path == "f0"; };
  EXPECT_EQ(table->tidy(keep).value(), 1);
  EXPECT_THAT(names(), ElementsAre("f0", "f2"));
  keep.is_used = nullptr;
  EXPECT_EQ(table->tidy(keep).value(), 1);
  EXPECT_THAT(names(), ElementsAre("f2"));
}

TEST_F(DeltaTidy, OnlyOurOwnLeftoversGo) {
  write_versions(1);
  file("part-00000-20261126T124311.123Z-ab12.parquet");
  file("part-00001-9a5d0c1e-1111-4a4a-8b7e-6f3c2b8d0e11-c000.snappy.parquet");
  DeltaTable::Keep keep;
  keep.is_ours = is_data_file_of_ours;
  EXPECT_EQ(open()->tidy(keep).value(), 1);
  EXPECT_THAT(names(),
              ElementsAre("f0", "part-00001-9a5d0c1e-1111-4a4a-8b7e-6f3c2b8d0e11-c000.snappy.parquet"));
}

TEST_F(DeltaTidy, TheLogBeginsAtACheckpoint) {
  auto table = open();
  for (int64_t version = 0; version < 35; ++version) {
    ASSERT_TRUE(table->replace(columns, {file(fmt::format("f{}", version))}, {"app", version + 1}));
    clock_.now += hour_us;
    const auto tidied = table->tidy({.removed_after_ms = ago_ms(12)});
    ASSERT_TRUE(tidied) << tidied.error().describe();
  }
  // Checkpoints at versions 9, 19 and 29. When the last was written, 30 hours after the first commit, the one
  // of version 9 was the newest that was twelve hours old: from there on all is kept.
  const auto log = names("_delta_log/");
  EXPECT_EQ(log.front(), "00000000000000000009.checkpoint.parquet");
  EXPECT_EQ(log[1], delta_log_name(9));
  EXPECT_EQ(log.back(), delta_log_name(34));
  EXPECT_EQ(log.size(), 26u + 3u);

  const auto anew = open();
  const DeltaSnapshot snapshot = anew->snapshot().value();
  EXPECT_EQ(snapshot.version, 34);
  EXPECT_EQ(snapshot.columns, columns);
  EXPECT_THAT(snapshot.files, ElementsAre(DataFile{"f34", 4, 1}));
  EXPECT_EQ(snapshot.transactions.at("app"), 35);
  // What was replaced and is still kept is known from the checkpoint, and goes later.
  EXPECT_EQ(names().size(), 1u + 12u);
  clock_.now += 100 * hour_us;
  ASSERT_TRUE(anew->tidy({.removed_after_ms = ago_ms(0)}));
  EXPECT_THAT(names(), ElementsAre("f34"));
  ASSERT_TRUE(anew->replace(columns, {file("g")}, {"app", 36}));
  EXPECT_EQ(open()->snapshot()->version, 35);
  EXPECT_TRUE(anew->replace(columns, {file("h")}, {"app", 20})->was_there) << "written before the checkpoint";
}

TEST_F(DeltaTidy, ATableThatWasOpenAllTheTimeReadsOn) {
  write_versions(1);
  auto other = open();
  auto table = open();
  for (int64_t version = 1; version < 25; ++version) {
    clock_.now += hour_us;
    ASSERT_TRUE(table->replace(columns, {file(fmt::format("f{}", version))}, {"app", version + 1}));
    ASSERT_TRUE(table->tidy({.removed_after_ms = ago_ms(0)}));
  }
  EXPECT_EQ(other->snapshot()->version, 24) << "its next commit is no longer in the log";
}

TEST_F(DeltaTidy, ALogThatWasRemovedIsMadeAnew) {
  write_versions(3);
  auto table = open();
  for (const std::string& name : names("_delta_log/"))
    ASSERT_TRUE(store_.remove(table_key + "/_delta_log/" + name));
  EXPECT_FALSE(table->snapshot()->exists());
  ASSERT_TRUE(table->replace(columns, {file("a")}, {"app", 4}));
  EXPECT_EQ(open()->snapshot()->version, 0);
}

// At every step of it: the next one sees the same table, and goes on.
TEST_F(DeltaTidy, AnEndInTheMiddleHurtsNothing) {
  class EndingStore final : public ObjectStore {
   public:
    EndingStore(ObjectStore& real, int steps) : real_(real), steps_(steps) {}
    Status put_if_absent(const std::string& key, std::string_view bytes) override {
      return step() ? real_.put_if_absent(key, bytes) : Status(fail(Code::io, "ended"));
    }
    Result<std::string> get(const std::string& key) override { return real_.get(key); }
    Result<std::vector<ObjectInfo>> list(const std::string& prefix) override { return real_.list(prefix); }
    Status remove(const std::string& key) override {
      return step() ? real_.remove(key) : Status(fail(Code::io, "ended"));
    }
    Result<std::unique_ptr<io::ObjectReader>> open(const std::string& key) override {
      return real_.open(key);
    }
    Result<std::unique_ptr<io::ObjectWriter>> create(const std::string& key) override {
      return real_.create(key);
    }
    Result<int64_t> make_durable(const std::string& key) override { return real_.make_durable(key); }
    bool is_over() const { return steps_ >= 0; }

   private:
    bool step() { return steps_-- > 0; }
    ObjectStore& real_;
    int steps_;
  };
  write_versions(22);
  for (int steps = 0;; ++steps) {
    EndingStore ending(store_, steps);
    auto table = DeltaTable::open(ending, table_key, clock_).value();
    const auto tidied = table->tidy({.removed_after_ms = ago_ms(0)});
    const auto after = open()->snapshot();
    ASSERT_TRUE(after) << after.error().describe() << " after " << steps << " steps";
    EXPECT_EQ(after->version, 21);
    EXPECT_THAT(after->files, ElementsAre(DataFile{"f21", 4, 1}));
    EXPECT_EQ(after->transactions.at("app"), 22);
    if (tidied) break;
    ASSERT_LT(steps, 100);
  }
  EXPECT_THAT(names(), ElementsAre("f21"));
  EXPECT_THAT(names("_delta_log/"),
              ElementsAre("00000000000000000021.checkpoint.parquet", delta_log_name(21)));
}

// A process ends between the checkpoint and the time when the file may go.
TEST_F(DeltaTidy, WhatIsReadWhenACheckpointIsWrittenGoesLater) {
  write_versions(12);
  DeltaTable::Keep keep{.removed_after_ms = ago_ms(0)};
  keep.is_used = [](const std::string& path) { return path == "f10"; };
  keep.is_ours = [](const std::string&) { return true; };
  ASSERT_TRUE(open()->tidy(keep));
  EXPECT_EQ(names("_delta_log/").front(), checkpoint_name(11));
  auto table = open();
  ASSERT_TRUE(table->tidy(keep));
  EXPECT_THAT(names(), ElementsAre("f10", "f11"));
  keep.is_used = nullptr;
  ASSERT_TRUE(table->tidy(keep));
  EXPECT_THAT(names(), ElementsAre("f11"));
}

TEST_F(DeltaTidy, CheckpointsOfOthers) {
  EXPECT_EQ(checkpoint_name(10), "00000000000000000010.checkpoint.parquet");
  EXPECT_EQ(parse_checkpoint_name(checkpoint_name(10))->version, 10);
  const auto part = parse_checkpoint_name("00000000000000000010.checkpoint.0000000002.0000000003.parquet");
  ASSERT_TRUE(part);
  EXPECT_EQ(part->part, 2);
  EXPECT_EQ(part->parts, 3);
  for (const char* name : {"00000000000000000010.checkpoint.80a083e8-7026.json", "_last_checkpoint",
                           "00000000000000000010.checkpoint.0000000004.0000000003.parquet", "10.json"})
    EXPECT_FALSE(parse_checkpoint_name(name)) << name;

  // In two parts, and only whole.
  write_versions(4);
  const auto actions = checkpoint_actions(open()->snapshot().value());
  const std::vector<std::string> halves[] = {{actions.begin(), actions.begin() + 2},
                                             {actions.begin() + 2, actions.end()}};
  for (int64_t version = 0; version < 3; ++version)
    ASSERT_TRUE(store_.remove(table_key + "/_delta_log/" + delta_log_name(version)));
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(DeltaTable::open(store_, table_key, clock_)) << "its beginning is not there";
    const std::string key =
        fmt::format("{}/_delta_log/{:020}.checkpoint.{:010}.0000000002.parquet", table_key, 3, i + 1);
    ASSERT_TRUE(store_.put_if_absent(key, write_checkpoint(halves[i]).value()));
  }
  EXPECT_THAT(open()->snapshot()->files, ElementsAre(DataFile{"f3", 4, 1}));
}

TEST_F(DeltaTidy, ADamagedCheckpointIsPassedOverWhereTheLogSaysTheSame) {
  write_versions(12);
  const std::string key = table_key + "/_delta_log/" + checkpoint_name(9);
  ASSERT_TRUE(store_.put_if_absent(key, "PAR1 no file of this kind PAR1"));
  EXPECT_EQ(open()->snapshot()->version, 11);
  ASSERT_TRUE(store_.remove(table_key + "/_delta_log/" + delta_log_name(0)));
  const auto broken = DeltaTable::open(store_, table_key, clock_);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, Code::corrupt);
  EXPECT_THAT(broken.error().message, ::testing::HasSubstr(checkpoint_name(9)));
}

TEST_F(DeltaTidy, ARewriteHasTheSameRowsInOtherFiles) {
  auto table = open();
  ASSERT_TRUE(table->append(columns, {file("a"), file("b"), file("c")}, {"app", 1}));
  ASSERT_TRUE(table->rewrite(columns, {"b", "c"}, {file("bc")}, {"compact", 1}));
  EXPECT_EQ(open()->snapshot()->files.size(), 2u);
  EXPECT_TRUE(table->rewrite(columns, {"b"}, {}, {"compact", 1})->was_there);
  EXPECT_EQ(table->rewrite(columns, {"b"}, {file("d")}, {"compact", 2}).error().code, Code::conflict);
  const std::string commit = store_.get(table_key + "/_delta_log/" + delta_log_name(1)).value();
  EXPECT_THAT(commit, ::testing::HasSubstr(R"("operation":"OPTIMIZE")"));
  EXPECT_EQ(commit.find(R"("dataChange":true)"), std::string::npos)
      << "who follows changes reads no row twice";
}

TEST_F(DeltaTidy, CopiesKeepWhatAProjectMayGoBackTo) {
  DeltaCopies copies(store_, clock_);
  std::vector<Manifest> manifests;
  for (uint64_t number = 1; number <= 4; ++number) {
    Manifest manifest;
    manifest.number = number;
    manifest.views["gold.t"] = {
        .view = "gold.t", .delta = DeltaCopy{table_key, {file(fmt::format("f{}", number))}, columns, number}};
    ASSERT_TRUE(copies.write(manifest));
    clock_.now += hour_us;
    manifests.push_back(manifest);
  }
  ASSERT_TRUE(copies.tidy(manifests[3], {manifests[2]}, ago_ms(0)));
  EXPECT_THAT(names(), ElementsAre("f3", "f4"));
}

}  // namespace
}  // namespace anabranch::lake
