// What a feed gives belongs to the engine: a batch may go as soon as the next one is there.

#include <cstring>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sql/database.h"

namespace anabranch::sql {
namespace {

using model::ColumnBatch;

constexpr size_t batches = 4;
constexpr size_t rows_per_batch = 5'000;  // more than two vectors of the engine, the last one not full

// A batch whose texts are overwritten when it goes, whoever has it last.
std::shared_ptr<ColumnBatch> mortal_batch() {
  return {new ColumnBatch, [](ColumnBatch* batch) {
            for (std::string& text : batch->arena) std::memset(text.data(), 0xDD, text.size());
            delete batch;
          }};
}

// Gives batches of equal events, each made when it is asked for.
class EqualEvents final : public Feed {
 public:
  EqualEvents(model::SchemaPtr schema, std::vector<std::string> texts)
      : schema_(std::move(schema)), texts_(std::move(texts)) {}

  Result<std::unique_ptr<Cursor>> open(model::Offset, model::Offset) override {
    return std::make_unique<EqualCursor>(*this);
  }

 private:
  struct EqualCursor final : Cursor {
    explicit EqualCursor(const EqualEvents& from) : feed(from) {}
    const EqualEvents& feed;
    size_t given = 0;
    Result<std::shared_ptr<const ColumnBatch>> next() override {
      if (given == batches) return nullptr;
      auto batch = mortal_batch();
      batch->schema = feed.schema_;
      batch->first_offset = static_cast<model::Offset>(given++ * rows_per_batch);
      batch->rows = rows_per_batch;
      batch->columns.resize(feed.texts_.size());
      for (size_t i = 0; i < rows_per_batch; ++i) {
        for (size_t column = 0; column < feed.texts_.size(); ++column)
          batch->columns[column].append_text(batch->keep(feed.texts_[column]));
        batch->raw.push_back(batch->keep("{\"raw\": \"the whole record\"}"));
      }
      batch->check_invariants();
      return batch;
    }
  };
  const model::SchemaPtr schema_;
  const std::vector<std::string> texts_;
};

class FeedMemory : public ::testing::Test {
 protected:
  void SetUp() override {
    auto schema = std::make_shared<model::Schema>();
    for (const auto& [name, type] : std::vector<std::pair<std::string, std::string>>{
             {"t", "varchar"},
             {"j", "json"},
             {"l", "varchar[]"},
             {"s", "struct(a varchar, b blob)"},
             {"m", "map(varchar, varchar)"},
             {"n", "struct(l map(varchar, struct(x varchar)[])[])[]"},
             {"i", "interval"}}) {
      schema->fields.push_back({name, model::Type::parse(type).value()});
    }
    // Texts of 13 bytes are the first that do not lie in the vector itself.
    const std::vector<std::string> texts = {
        "thirteen byte",
        R"({"key": "a value of some length"})",
        R"(["twelve bytes","thirteen byte",null,"the third element of the list"])",
        R"({"a":"a text in a structure","b":"a blob in a structure"})",
        R"({"a key in a map":"a value in a map","the second key":null})",
        R"([{"l":[{"a key deep inside":[{"x":"a text deep inside"},null]},null]},null])",
        "1 year 2 months 3 days"};
    database_ = Database::open({}).value();
    session_.emplace(database_->connect().value());
    ASSERT_TRUE(database_->register_feed("e", *schema, std::make_shared<EqualEvents>(schema, texts)));
    // The same columns, some of them by other types: a later version of the stream.
    model::Schema later = *schema;
    later.fields[1].type = model::Type::parse("varchar").value();
    later.fields[2].type = model::Type::parse("json").value();
    ASSERT_TRUE(database_->register_feed("later", later, std::make_shared<EqualEvents>(schema, texts)));
  }
  static std::string json(const Result<Rows>& rows) {
    if (!rows) return rows.error().describe();
    std::string text;
    EXPECT_TRUE(rows->append_json(text, Numbers::number));
    return text;
  }
  std::string json(const std::string& select) { return json(session_->query(select)); }

  std::unique_ptr<Database> database_;
  std::optional<Session> session_;
};

const std::string row =
    R"(["thirteen byte","{\"key\": \"a value of some length\"}",)"
    R"(["twelve bytes","thirteen byte",null,"the third element of the list"],)"
    R"({"a":"a text in a structure","b":"YSBibG9iIGluIGEgc3RydWN0dXJl"},)"
    R"([["a key in a map","a value in a map"],["the second key",null]],)"
    R"([{"l":[[["a key deep inside",[{"x":"a text deep inside"},null]]],null]},null],"P1Y2M3D")";

TEST_F(FeedMemory, EqualEventsAreOneGroup) {
  EXPECT_EQ(json("select t, j, l, s, m, n, i, _raw, count(*) from e() group by all"),
            "[" + row + R"(,"{\"raw\": \"the whole record\"}",20000]])");
  for (const char* column : {"t", "j", "l", "s", "m", "n", "i", "_raw"}) {
    EXPECT_EQ(json(fmt::format("select count(distinct {0}), count(distinct {0}::varchar) from e()", column)),
              "[[1,1]]")
        << column;
  }
  EXPECT_EQ(json("select j, l, m, count(*) from later() group by all"),
            R"([["{\"key\": \"a value of some length\"}",)"
            R"("[\"twelve bytes\",\"thirteen byte\",null,\"the third element of the list\"]",)"
            R"([["a key in a map","a value in a map"],["the second key",null]],20000]])");
}

// Each of these keeps rows beyond the chunk in which they came.
TEST_F(FeedMemory, WhatKeepsRowsKeepsTheirTexts) {
  const std::string all = "t, j, l, s, m, n, i";
  const std::string one = "[" + row + "]]";
  const auto distinct = [&](const std::string& from) {
    return json(fmt::format("select distinct {} from ({})", all, from));
  };
  EXPECT_EQ(distinct("select * from e() order by _offset desc"), one);
  EXPECT_EQ(distinct("select * from e() order by _offset % 7, _offset limit 9000 offset 100"), one);
  EXPECT_EQ(distinct("select * from e() limit 15000"), one);
  EXPECT_EQ(distinct("select * from e() using sample 50%"), one);
  EXPECT_EQ(distinct("with kept as materialized (select * from e()) select * from kept union all from kept"),
            one);
  EXPECT_EQ(distinct("select a.* from e() a join e() b using (_offset)"), one);
  EXPECT_EQ(distinct("select a.* from e() a join range(3) r(x) on a._offset > r.x"), one);
  EXPECT_EQ(
      distinct("select * from e() qualify row_number() over (partition by _offset % 9 order by _offset) "
               "> 5"),
      one);
  EXPECT_EQ(
      distinct("select lag(t) over () t, lag(j, 3000) over () j, lead(l, 9) over () l, lag(s) over () s, "
               "lead(m) over () m, lag(n, 2049) over () n, lag(i) over () i from e() "
               "qualify row_number() over () between 4000 and 19000"),
      one);
  EXPECT_EQ(
      distinct("select any_value(t) t, first(j) j, last(l) l, max(s) s, arg_min(m, _offset) m, mode(n) n, "
               "min(i) i from e() group by _offset % 3"),
      one);
  EXPECT_EQ(json("select len(list(t)), list_distinct(list(t)), list_distinct(list(l[4])), "
                 "list_distinct(list(m['a key in a map'])) from e()"),
            R"([[20000,["thirteen byte"],["the third element of the list"],["a value in a map"]]])");
  EXPECT_EQ(json("select distinct x from (select unnest(l) x from e() where _offset % 2 = 0) where x > 'tw'"),
            R"([["twelve bytes"]])");
  EXPECT_EQ(json("select length(string_agg(t, '')), string_agg(distinct t[2:], '') from e()"),
            R"([[260000,"hirteen byte"]])");
}

TEST_F(FeedMemory, TablesAndStagesOwnWhatTheyWereGiven) {
  const std::string one = "[" + row + ",20000]]";
  const std::string grouped = "select t, j, l, s, m, n, i, count(*) from {} group by all";
  ASSERT_TRUE(session_->run("create table kept as select * from e()"));
  EXPECT_EQ(json(fmt::format(fmt::runtime(grouped), "kept")), one);
  auto select = session_->prepare("select * from e()");
  ASSERT_TRUE(select) << select.error().describe();
  auto stage = database_->register_stage("stage", *select);
  ASSERT_TRUE(stage) << stage.error().describe();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(select->run_into(**stage));
    EXPECT_EQ(json(fmt::format(fmt::runtime(grouped), "stage()")), one);
  }
  // A result that holds on to the rows of a stage that is emptied.
  const auto rows = session_->query("select distinct l, n from stage()");
  (*stage)->clear();
  EXPECT_EQ(json("select count(*) from stage()"), "[[0]]");
  EXPECT_EQ(json(rows),
            "[[" + row.substr(row.find("[\"twelve"), row.find(",{\"a\"") - row.find("[\"twelve")) + "," +
                row.substr(row.find("[{\"l\""), row.find(",\"P1Y") - row.find("[{\"l\"")) + "]]");
}

}  // namespace
}  // namespace anabranch::sql
