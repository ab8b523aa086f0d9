#include "lake/delta_table.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lake/delta_copies.h"
#include "lake/local_store.h"
#include "lake/store_for_tests.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::lake {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Columns = std::vector<model::RelationColumn>;

const std::string table_key = "lake/gold/t";
const Columns plain_columns{{"id", "INTEGER"}, {"name", "VARCHAR"}};

class Delta : public ::testing::Test {
 protected:
  /// A data file of so many bytes. What is in it does not matter to the log.
  DataFile file(const std::string& name, int64_t rows, const std::string& table = table_key) {
    const std::string bytes(static_cast<size_t>(rows) * 10, 'p');
    EXPECT_TRUE(store_.put_if_absent(table + "/" + name, bytes));
    return {name, static_cast<int64_t>(bytes.size()), rows};
  }
  std::unique_ptr<DeltaTable> open(ObjectStore& store) {
    auto table = DeltaTable::open(store, table_key, clock_);
    EXPECT_TRUE(table) << table.error().describe();
    return std::move(*table);
  }
  std::unique_ptr<DeltaTable> open() { return open(store_); }
  DeltaSnapshot read() { return open()->snapshot().value(); }
  std::vector<std::string> paths() {
    std::vector<std::string> all;
    for (const DataFile& file : read().files) all.push_back(file.path);
    return all;
  }
  std::vector<nlohmann::json> actions(int64_t version) {
    const std::string text = store_.get(table_key + "/_delta_log/" + delta_log_name(version)).value();
    std::vector<nlohmann::json> all;
    for (size_t begin = 0; begin < text.size(); begin = text.find('\n', begin) + 1) {
      all.push_back(nlohmann::json::parse(text.substr(begin, text.find('\n', begin) - begin)));
    }
    return all;
  }
  void put_commit(int64_t version, const std::string& text) {
    ASSERT_TRUE(store_.put_if_absent(table_key + "/_delta_log/" + delta_log_name(version), text));
  }

  test::TemporaryFolder folder_;
  LocalStore store_{io::local_file_system(), folder_.path()};
  FixedClock clock_;
};

TEST_F(Delta, FirstCommitIsWhatTheProtocolAsksFor) {
  ASSERT_TRUE(open()->replace({{"id", "HUGEINT"}}, {file("a b%.parquet", 3)}, {"app", 1}));
  const auto all = actions(0);
  ASSERT_EQ(all.size(), 5u);
  EXPECT_EQ(all[0]["commitInfo"]["engineInfo"], "anabranch");
  EXPECT_EQ(all[0]["commitInfo"]["operation"], "WRITE");
  EXPECT_EQ(all[1]["protocol"], nlohmann::json::parse(R"({"minReaderVersion":1,"minWriterVersion":2})"));
  const auto& metadata = all[2]["metaData"];
  EXPECT_EQ(metadata["format"]["provider"], "parquet");
  EXPECT_EQ(metadata["partitionColumns"], nlohmann::json::array());
  EXPECT_EQ(metadata["id"].get<std::string>().size(), 36u);
  EXPECT_EQ(nlohmann::json::parse(metadata["schemaString"].get<std::string>()),
            nlohmann::json::parse(R"json({"type":"struct","fields":[{"name":"id","type":"decimal(38,0)",
                "nullable":true,"metadata":{"anabranch.type":"HUGEINT"}
}]
})json"));
  EXPECT_EQ(all[3]["txn"],
            nlohmann::json::parse(R"({"appId":"app","version":1,"lastUpdated":1700000000000})"));
  EXPECT_EQ(all[4]["add"], nlohmann::json::parse(R"({"path":"a%20b%25.parquet","partitionValues":{},"size":30,
      "modificationTime":1700000000000,"dataChange":true,"stats":"{\"numRecords\":3}"})"));
  EXPECT_THAT(read().files, ElementsAre(DataFile{"a b%.parquet", 30, 3}));
  EXPECT_EQ(read().columns, (Columns{{"id", "HUGEINT"}}));
}

TEST_F(Delta, AppendAddsAndReplaceReplaces) {
  auto table = open();
  EXPECT_FALSE(table->snapshot()->exists());
  EXPECT_EQ(
      table->create(plain_columns, {"app", 1}, {{"delta.logRetentionDuration", "interval 1 day"}}).value(),
      (DeltaCommit{0, false}));
  EXPECT_EQ(table->append(plain_columns, {file("a", 1)}, {"app", 2}).value(), (DeltaCommit{1, false}));
  EXPECT_EQ(table->append(plain_columns, {file("b", 2)}, {"app", 3}).value(), (DeltaCommit{2, false}));
  EXPECT_THAT(paths(), ElementsAre("a", "b"));
  EXPECT_EQ(table->replace(plain_columns, {file("c", 3)}, {"app", 4}).value(), (DeltaCommit{3, false}));
  const DeltaSnapshot snapshot = read();
  EXPECT_EQ(snapshot.version, 3);
  EXPECT_THAT(snapshot.files, ElementsAre(DataFile{"c", 30, 3}));
  EXPECT_EQ(snapshot.transactions.at("app"), 4);
  EXPECT_EQ(snapshot.configuration.at("delta.logRetentionDuration"), "interval 1 day");
  EXPECT_EQ(actions(3).size(), 5u) << "commitInfo, txn, two removes, one add; no metaData";
  ASSERT_TRUE(table->replace(plain_columns, {DataFile{"c", 30, 3}, file("d", 1)}, {"app", 5}));
  EXPECT_THAT(paths(), ElementsAre("c", "d"));
  EXPECT_EQ(actions(4).size(), 3u) << "a file that stays is neither removed nor added";
  ASSERT_TRUE(table->replace(plain_columns, {}, {"app", 6}));
  EXPECT_THAT(paths(), ElementsAre());
  EXPECT_EQ(table->create(plain_columns, {"other", 1}).error().code, Code::conflict);
}

TEST_F(Delta, TheSameTxnLandsOnce) {
  const DataFile first = file("a", 1);
  ASSERT_TRUE(open()->append(plain_columns, {first}, {"app", 5}));
  EXPECT_EQ(open()->append(plain_columns, {first}, {"app", 5}).value(), (DeltaCommit{0, true}));
  EXPECT_EQ(open()->append(plain_columns, {file("b", 1)}, {"app", 4}).value(), (DeltaCommit{0, true}))
      << "older";
  EXPECT_EQ(open()->append(plain_columns, {file("c", 1)}, {"other", 1}).value(), (DeltaCommit{1, false}));
  EXPECT_THAT(paths(), ElementsAre("a", "c"));
  EXPECT_EQ(open()->append(plain_columns, {}, {"", 1}).error().code, Code::bad_input);
}

TEST_F(Delta, ConflictWithAStrangerIsTriedAgainOnTop) {
  ASSERT_TRUE(open()->append(plain_columns, {file("a", 1)}, {"app", 1}));
  TroubledStore troubled(store_);
  auto table = open(troubled);
  auto stranger = open();
  troubled.before_put(
      [&] { ASSERT_TRUE(stranger->append(plain_columns, {file("theirs", 1)}, {"stranger", 1})); });
  EXPECT_EQ(table->append(plain_columns, {file("ours", 1)}, {"app", 2}).value(), (DeltaCommit{2, false}));
  EXPECT_THAT(paths(), ElementsAre("a", "theirs", "ours"));

  troubled.before_put(
      [&] { ASSERT_TRUE(stranger->append(plain_columns, {file("theirs2", 1)}, {"stranger", 2})); });
  EXPECT_EQ(table->replace(plain_columns, {file("all", 1)}, {"app", 3}).value(), (DeltaCommit{4, false}));
  EXPECT_THAT(paths(), ElementsAre("all")) << "a replacement removes what came meanwhile, too";
}

TEST_F(Delta, ConflictWithOnesOwnTxnIsASuccess) {
  ASSERT_TRUE(open()->append(plain_columns, {file("a", 1)}, {"app", 1}));
  TroubledStore troubled(store_);
  auto table = open(troubled);
  const DataFile ours = file("ours", 1);
  troubled.before_put([&] { ASSERT_TRUE(open()->append(plain_columns, {ours}, {"app", 2})); });
  EXPECT_EQ(table->append(plain_columns, {ours}, {"app", 2}).value(), (DeltaCommit{1, true}));
  EXPECT_THAT(paths(), ElementsAre("a", "ours"));
}

// Law L3: a commit whose answer was lost is not made twice.
TEST_F(Delta, ALostAnswerDoesNotCommitTwice) {
  using enum TroubledStore::Trouble;
  TroubledStore troubled(store_);
  auto table = open(troubled);
  int64_t version = 0;
  for (const auto trouble : {answer_lost, request_lost, arrives_later}) {
    for (const bool has_stranger : {false, true}) {
      ++version;
      const DataFile ours = file(std::to_string(version), 1);
      troubled.trouble(trouble);
      if (has_stranger) {
        troubled.before_put([&] {
          ASSERT_TRUE(
              open()->append(plain_columns, {file("s" + std::to_string(version), 1)}, {"stranger", version}));
        });
      }
      const auto committed = table->append(plain_columns, {ours}, {"app", version});
      ASSERT_TRUE(committed) << committed.error().describe();
      const auto again = table->append(plain_columns, {ours}, {"app", version});
      ASSERT_TRUE(again);
      EXPECT_TRUE(again->was_there);
    }
  }
  EXPECT_THAT(paths(), ElementsAre("1", "s2", "2", "3", "s4", "4", "5", "s6", "6"));
  int adds = 0;
  for (int64_t v = 0; v <= read().version; ++v) {
    for (const auto& action : actions(v)) adds += action.contains("add") ? 1 : 0;
  }
  EXPECT_EQ(adds, 9);
}

TEST_F(Delta, ManyWritersAllLandOnce) {
  constexpr int writers = 4;
  constexpr int each = 10;
  for (int i = 0; i < writers * each; ++i) file("f" + std::to_string(i), 1);
  std::vector<std::thread> threads;
  for (int writer = 0; writer < writers; ++writer) {
    threads.emplace_back([&, writer] {
      auto table = DeltaTable::open(store_, table_key, clock_).value();
      for (int i = 0; i < each; ++i) {
        const DataFile ours{"f" + std::to_string(writer * each + i), 10, 1};
        const auto done = table->append(plain_columns, {ours}, {"w" + std::to_string(writer), i});
        EXPECT_TRUE(done) << done.error().describe();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(read().files.size(), static_cast<size_t>(writers * each));
  EXPECT_EQ(read().version, writers * each - 1);
}

TEST_F(Delta, AppendMayAddColumnsOnly) {
  auto table = open();
  ASSERT_TRUE(table->append(plain_columns, {file("a", 1)}, {"app", 1}));
  const std::string id = actions(0)[2]["metaData"]["id"];
  ASSERT_TRUE(table->append({{"id", "INTEGER"}, {"at", "TIMESTAMP"}}, {file("b", 1)}, {"app", 2}));
  EXPECT_EQ(read().columns, (Columns{{"id", "INTEGER"}, {"name", "VARCHAR"}, {"at", "TIMESTAMP"}}));
  EXPECT_EQ(actions(1)[1]["metaData"]["id"], id);
  // As far as the lake can tell, the same type: the original one is then not said any more.
  ASSERT_TRUE(table->append({{"at", "TIMESTAMP WITH TIME ZONE"}}, {file("c", 1)}, {"app", 3}));
  EXPECT_EQ(read().columns[2].type, "TIMESTAMP WITH TIME ZONE");

  const auto other_type = table->append({{"id", "VARCHAR"}}, {file("d", 1)}, {"app", 4});
  ASSERT_FALSE(other_type);
  EXPECT_EQ(other_type.error().code, Code::bad_input);
  EXPECT_THAT(other_type.error().message,
              HasSubstr("column \"id\" is INTEGER in the table and VARCHAR in the files"));
  EXPECT_THAT(table->append({{"ID", "INTEGER"}}, {}, {"app", 4}).error().message,
              HasSubstr("written \"id\""));
  EXPECT_EQ(read().version, 2);
}

TEST_F(Delta, AppendMayWidenNumbers) {
  auto table = open();
  ASSERT_TRUE(table->append({{"id", "INTEGER"}, {"at", "TIMESTAMP"}}, {file("a", 1)}, {"app", 1}));
  ASSERT_TRUE(table->append({{"id", "BIGINT"}, {"at", "TIMESTAMP"}}, {file("b", 1)}, {"app", 2}));
  EXPECT_EQ(read().columns, (Columns{{"id", "BIGINT"}, {"at", "TIMESTAMP"}}));
  ASSERT_TRUE(table->append({{"id", "HUGEINT"}}, {file("c", 1)}, {"app", 3}));
  EXPECT_EQ(read().columns[0].type, "HUGEINT");
  EXPECT_EQ(table->append({{"id", "BIGINT"}}, {file("d", 1)}, {"app", 4}).error().code, Code::bad_input);
}

TEST_F(Delta, ReplaceMayChangeAnything) {
  auto table = open();
  ASSERT_TRUE(table->replace(plain_columns, {file("a", 1)}, {"app", 1}));
  ASSERT_TRUE(table->replace({{"name", "UUID"}}, {file("b", 1)}, {"app", 2}));
  EXPECT_EQ(read().columns, (Columns{{"name", "UUID"}}));
  const auto bad_name = table->replace({{"a b", "INTEGER"}}, {}, {"app", 3});
  EXPECT_EQ(bad_name.error().code, Code::bad_input);
  EXPECT_THAT(bad_name.error().message, HasSubstr("\"a b\""));
  EXPECT_THAT(read().files, ElementsAre(DataFile{"b", 10, 1}));
}

TEST_F(Delta, DataFilesMustBeThereAndWhole) {
  auto table = open();
  EXPECT_EQ(table->replace(plain_columns, {{"nowhere", 10, 1}}, {"app", 1}).error().code, Code::not_found);
  DataFile short_one = file("a", 1);
  short_one.size += 1;
  EXPECT_EQ(table->replace(plain_columns, {short_one}, {"app", 1}).error().code, Code::corrupt);
  const DataFile good = file("b", 1);
  EXPECT_EQ(table->replace(plain_columns, {good, good}, {"app", 1}).error().code, Code::bad_input);
  ASSERT_TRUE(table->append(plain_columns, {good}, {"app", 1}));
  EXPECT_EQ(table->append(plain_columns, {good}, {"app", 2}).error().code, Code::bad_input);
  EXPECT_EQ(read().version, 0);
}

TEST_F(Delta, SeesWhatOthersCommit) {
  auto ours = open();
  ASSERT_TRUE(ours->append(plain_columns, {file("a", 1)}, {"app", 1}));
  ASSERT_TRUE(open()->append(plain_columns, {file("b", 1)}, {"stranger", 1}));
  EXPECT_EQ(ours->snapshot()->version, 1);
}

TEST_F(Delta, ReadsWhatOtherProgramsWrite) {
  put_commit(0, R"({"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
{"metaData":{"id":"x","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"n\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},{\"name\":\"l\",\"type\":{\"type\":\"array\",\"elementType\":\"decimal(5, 2)\",\"containsNull\":true},\"nullable\":true,\"metadata\":{}}]}","partitionColumns":[],"configuration":{"delta.appendOnly":"true"},"createdTime":1}}
{"add":{"path":"caf%C3%A9.parquet","partitionValues":{},"size":5,"modificationTime":1,"dataChange":true}}
)"
                "\r\n"
                R"({"futureAction":{"x":1}})");
  const DeltaSnapshot snapshot = read();
  EXPECT_EQ(snapshot.columns, (Columns{{"n", "BIGINT"}, {"l", "DECIMAL(5,2)[]"}}));
  EXPECT_THAT(snapshot.files, ElementsAre(DataFile{"caf\xc3\xa9.parquet", 5, -1}));
  const auto replaced = open()->replace({{"n", "BIGINT"}}, {}, {"app", 1});
  EXPECT_EQ(replaced.error().code, Code::refused);
  EXPECT_THAT(replaced.error().message, HasSubstr("delta.appendOnly"));
  EXPECT_TRUE(open()->append({{"n", "BIGINT"}}, {file("more", 1)}, {"app", 1}));
}

TEST_F(Delta, WhatIsBeyondItIsRefused) {
  put_commit(
      0, R"({"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"]}})");
  const auto newer = DeltaTable::open(store_, table_key, clock_);
  EXPECT_EQ(newer.error().code, Code::refused);
  EXPECT_THAT(newer.error().message, HasSubstr(delta_log_name(0)));
}

TEST_F(Delta, AMissingBeginningIsExplained) {
  put_commit(11, "{}");
  const auto missing = DeltaTable::open(store_, table_key, clock_);
  EXPECT_EQ(missing.error().code, Code::corrupt);
  EXPECT_THAT(missing.error().message, HasSubstr(delta_log_name(0)));
  ASSERT_TRUE(store_.put_if_absent(
      table_key + "/_delta_log/00000000000000000010.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json",
      "{}"));
  const auto checkpointed = DeltaTable::open(store_, table_key, clock_);
  EXPECT_EQ(checkpointed.error().code, Code::refused);
  EXPECT_THAT(checkpointed.error().message, HasSubstr("checkpoint"));
}

TEST_F(Delta, ABrokenCommitIsNamedWithItsLine) {
  ASSERT_TRUE(open()->append(plain_columns, {file("a", 1)}, {"app", 1}));
  put_commit(1, "{\"txn\":{\"appId\":\"x\",\"version\":1}}\n{\"add\":{\"path\":\"p\",\"si");
  auto broken = DeltaTable::open(store_, table_key, clock_);
  EXPECT_EQ(broken.error().code, Code::corrupt);
  EXPECT_THAT(broken.error().message, HasSubstr(delta_log_name(1)));
  EXPECT_THAT(broken.error().message, HasSubstr("line 2"));
  ASSERT_TRUE(store_.remove(table_key + "/_delta_log/" + delta_log_name(1)));
  EXPECT_TRUE(open()->append(plain_columns, {file("b", 1)}, {"app", 2}));
}

TEST_F(Delta, CopiesFollowTheManifestIdempotently) {
  Manifest manifest;
  manifest.number = 1;
  manifest.views["gold.t"] = {.view = "gold.t",
                              .delta = DeltaCopy{table_key, {file("a", 1)}, plain_columns, 1}};
  manifest.views["gold.u"] = {
      .view = "gold.u", .delta = DeltaCopy{"lake/gold/u", {file("a", 1, "lake/gold/u")}, plain_columns, 1}};
  DeltaCopies copies(store_, clock_);
  ASSERT_TRUE(copies.write(manifest));
  ASSERT_TRUE(copies.write(manifest));
  ASSERT_TRUE(DeltaCopies(store_, clock_).write(manifest)) << "as a next start does";
  EXPECT_EQ(read().version, 0);

  Manifest next = manifest;
  next.number = 2;
  next.views["gold.t"].delta = DeltaCopy{table_key, {file("b", 1)}, plain_columns, 2};
  ASSERT_TRUE(copies.write(next));
  EXPECT_THAT(paths(), ElementsAre("b"));
  EXPECT_EQ(DeltaTable::open(store_, "lake/gold/u", clock_).value()->snapshot()->version, 0)
      << "carried over";
  ASSERT_TRUE(copies.write(manifest)) << "an older manifest comes too late";
  EXPECT_THAT(paths(), ElementsAre("b"));

  next.number = 3;
  next.views["gold.t"].delta = DeltaCopy{table_key, {{"lost", 1, 1}}, plain_columns, 3};
  next.views["gold.u"].delta = DeltaCopy{"lake/gold/u", {file("b", 1, "lake/gold/u")}, plain_columns, 3};
  const Status failed = copies.write(next);
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr("gold.t"));
  EXPECT_EQ(DeltaTable::open(store_, "lake/gold/u", clock_).value()->snapshot()->version, 1)
      << "the others follow";
}

}  // namespace
}  // namespace anabranch::lake
