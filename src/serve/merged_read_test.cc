// Reads of an epoch that was made by hand: what is in each table is known, so what is read of it is too.
#include "serve/merged_read.h"

#include <gmock/gmock.h>

#include "sql/syntax.h"
#include "tests/support/small_world.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::serve {
namespace {

using testing::HasSubstr;

class MergedRead : public ::testing::Test {
 protected:
  MergedRead() : database_(sql::Database::open({}).value()), session_(database_->connect().value()) {
    run("ATTACH ':memory:' AS build_b1");
  }

  void make(const std::vector<std::pair<std::string, std::string>>& models) {
    epoch_.world = std::make_shared<const views::World>(test::small_world(models));
  }
  const views::Plan& plan(const std::string& view) const { return *epoch_.world->plan(view); }

  // A build of the view with these states: part → SQL of its rows.
  void build(const std::string& view, const std::map<std::string, std::string>& parts) {
    epoch_.built[view].database = "build_b1";
    for (const auto& [part, rows] : parts) {
      const std::string table = "build_b1.main." + sql::quote_identifier(view + "#" + part);
      if (part.ends_with(views::summary_suffix)) {
        epoch_.built[view].summaries.insert(part);
        run(fmt::format("CREATE TABLE {} AS {}", table, rows));
      } else {
        fill(table, *plan(view).part(part), rows);
      }
    }
  }

  // One more slice of a part.
  void add_slice(const std::string& view, const std::string& part, const std::string& rows) {
    auto& slices = epoch_.slices[view][part];
    const std::string table = sql::quote_identifier(fmt::format("slice_{}_{}_{}", view, part, slices.size()));
    fill(table, *plan(view).part(part), rows);
    slices.push_back(table);
  }

  void fill(const std::string& table, const views::StatePart& part, const std::string& rows) {
    std::string columns;
    for (const auto& column : part.columns)
      columns += fmt::format("{}{} {}", columns.empty() ? "" : ", ", column.name, column.type);
    run(fmt::format("CREATE TABLE {} ({})", table, columns));
    run(fmt::format("INSERT INTO {} {}", table, rows));
  }

  void run(const std::string& sql) {
    const Status done = session_.run(sql);
    ASSERT_TRUE(done) << done.error().describe() << "\n" << sql;
  }

  // What a person reads of a view, sorted: "a|3\n".
  std::string read(const std::string& view, const StreamRelations& streams = {}) {
    const auto meanings = relation_meanings(epoch_, {view}, streams);
    const auto rows = session_.query(
        sql::Query("SELECT * FROM " + sql::relation(views::visible_name(view)) + " ORDER BY ALL", meanings));
    if (!rows) return rows.error().describe();
    std::string text;
    for (size_t row = 0; row < rows->row_count(); ++row) {
      for (size_t column = 0; column < rows->columns().size(); ++column)
        text += (column ? "|" : "") + rows->text(row, column).value_or("NULL");
      text += "\n";
    }
    return text;
  }

  // The stream as its events are read where a view goes back to them.
  static StreamRelations events(const std::string& rows) {
    return {{"bronze.e", fmt::format("SELECT k, n, 0 AS _partition, row_number() OVER () - 1 AS _offset, "
                                     "now() AS _ingested_at, '' AS _raw FROM ({}) AS t(k, n)",
                                     rows)}};
  }

  std::unique_ptr<sql::Database> database_;
  sql::Session session_;
  speed::Epoch epoch_;
  test::TemporaryFolder folder_;
};

const std::string sums = "SELECT k, count(*) AS c, sum(n) AS s FROM bronze.e GROUP BY k";

TEST_F(MergedRead, StatesOfTheBuildAndOfAllSlicesAreOne) {
  make({{"gold.sums", sums}});
  build("gold.sums", {{"main", "VALUES ('a', 2, 10), ('b', 1, 7), (NULL, 1, 1)"}});
  EXPECT_EQ(read("gold.sums"), "a|2|10\nb|1|7\nNULL|1|1\n");
  add_slice("gold.sums", "main", "VALUES ('a', 1, -4), ('c', 3, 30)");
  add_slice("gold.sums", "main", "VALUES ('a', 5, NULL), (NULL, 2, 2)");
  EXPECT_EQ(read("gold.sums"), "a|8|6\nb|1|7\nc|3|30\nNULL|3|3\n");
}

TEST_F(MergedRead, WhatWasNeverBuiltIsItsSlicesAndNothingIsNoEvents) {
  make({{"gold.sums", sums}, {"gold.all", "SELECT count(*) AS c, max(n) AS m FROM bronze.e"}});
  // The tables into which the next tick will write.
  add_slice("gold.sums", "main", "SELECT NULL, NULL, NULL WHERE false");
  add_slice("gold.all", "main", "SELECT NULL, NULL WHERE false");
  EXPECT_EQ(read("gold.sums"), "");
  EXPECT_EQ(read("gold.all"), "0|NULL\n");
  add_slice("gold.all", "main", "VALUES (2, 5)");
  EXPECT_EQ(read("gold.all"), "2|5\n");
}

TEST_F(MergedRead, RowsOfALinearViewAreThoseOfItsFilesAndSlices) {
  make({{"silver.rows", "SELECT k, n FROM bronze.e WHERE n > 0"},
        {"gold.top", "SELECT sum(n) AS s FROM silver.rows"}});
  const std::string file = (folder_ / "rows.parquet").string();
  run(fmt::format("COPY (SELECT 'a' AS c0, 1::BIGINT AS c1, 0::BIGINT AS _ord) TO {}",
                  sql::quote_literal(file)));
  epoch_.built["silver.rows"].row_files = {file};
  add_slice("silver.rows", "main", "SELECT 'b', 2, 1");
  add_slice("silver.rows", "main", "SELECT 'b', 2, 2");
  EXPECT_EQ(read("silver.rows"), "a|1\nb|2\nb|2\n");
}

TEST_F(MergedRead, AViewAboveIsComputedFromWhatIsMerged) {
  make({{"gold.sums", sums}, {"gold.large", "SELECT k FROM gold.sums WHERE s >= 10"}});
  build("gold.sums", {{"main", "VALUES ('a', 1, 6), ('b', 1, 9)"}});
  add_slice("gold.sums", "main", "VALUES ('a', 1, 4)");
  EXPECT_EQ(read("gold.large"), "a\n");
  EXPECT_TRUE(needed_streams(epoch_, {"gold.large"}).empty());
}

TEST_F(MergedRead, AViewThatIsNotKeptUpIsComputedFromEvents) {
  make({{"gold.sums", sums}, {"gold.large", "SELECT k FROM gold.sums WHERE s >= 10"}});
  build("gold.sums", {{"main", "VALUES ('a', 1, 1)"}});
  epoch_.unmaintained["gold.sums"] = "a sum does not fit";
  EXPECT_FALSE(is_maintained(epoch_, plan("gold.sums")));
  EXPECT_EQ(needed_streams(epoch_, {"gold.large"}), std::set<std::string>{"bronze.e"});
  const auto relations = events("VALUES ('a', 6), ('b', 9), ('a', 5)");
  EXPECT_EQ(read("gold.sums", relations), "a|2|11\nb|1|9\n") << "not the states of the build";
  EXPECT_EQ(read("gold.large", relations), "a\n");
}

TEST_F(MergedRead, EventsAreReadOfWhatGoesBackToThem) {
  make({{"gold.sums", sums},
        {"gold.windowed", "SELECT k, sum(n) OVER (ORDER BY _offset) AS s FROM bronze.e"}});
  EXPECT_TRUE(needed_streams(epoch_, {"gold.sums"}).empty());
  EXPECT_EQ(needed_streams(epoch_, {"gold.windowed"}), std::set<std::string>{"bronze.e"});
  EXPECT_EQ(needed_streams(epoch_, {"bronze.e"}), std::set<std::string>{"bronze.e"});
  EXPECT_EQ(read("gold.windowed", events("VALUES ('a', 1), ('b', 2)")), "a|1\nb|3\n");
}

// The build's summaries are wrong here on purpose: which groups are summed up again is to be seen.
TEST_F(MergedRead, OnlyGroupsThatLaterSlicesTouchAreSummedUpAgain) {
  make({{"gold.kinds", "SELECT k, count(DISTINCT n) AS d FROM bronze.e GROUP BY k"}});
  const views::Plan& kinds = plan("gold.kinds");
  ASSERT_EQ(kinds.parts.size(), 2u);
  const views::StatePart& values = kinds.parts[1];
  ASSERT_FALSE(values.summary.empty());
  const auto summary = session_.describe(sql::Query(
      values.summary, {{values.name, sql::meaning([&] {
                          std::string nulls;
                          for (const auto& column : values.columns)
                            nulls += fmt::format("{}NULL::{} AS {}", nulls.empty() ? "SELECT " : ", ",
                                                 column.type, column.name);
                          return sql::Query(nulls);
                        }())}}));
  ASSERT_TRUE(summary) << summary.error().describe();
  ASSERT_EQ(summary->size(), 2u);
  // A group's key, a value, how often: 'a' has 1 and 2, 'b' has 1, NULL has 5.
  build("gold.kinds",
        {{"main", "SELECT k FROM (VALUES ('a'), ('b'), (NULL)) AS t(k)"},
         {values.name, "VALUES ('a', 1, 1), ('a', 2, 1), ('b', 1, 1), (NULL, 5, 1)"},
         {views::summary_name(values),
          fmt::format("SELECT k::VARCHAR AS {}, d::BIGINT AS {} FROM (VALUES ('a', 70), ('b', 80), "
                      "(NULL, 90)) AS t(k, d)",
                      (*summary)[0].name, (*summary)[1].name)}});
  EXPECT_EQ(read("gold.kinds"), "a|70\nb|80\nNULL|90\n") << "no slice: all of it is the build's";
  add_slice("gold.kinds", "main", "SELECT 'a'");
  add_slice("gold.kinds", values.name, "VALUES ('a', 2, 1), ('a', 3, 1)");
  // A NULL group is always summed up: equality does not find it.
  EXPECT_EQ(read("gold.kinds"), "a|3\nb|80\nNULL|1\n");
}

TEST_F(MergedRead, RecordedEventsAreThePartsOwnStates) {
  make({{"gold.parsed", "SELECT sum(CAST(k AS INTEGER)) AS s FROM bronze.e"}});
  build("gold.parsed", {{"main", "VALUES (3)"}, {"errors", "VALUES (0, 7)"}});
  add_slice("gold.parsed", "errors", "VALUES (0, 7), (0, 9)");
  const views::Plan& parsed = plan("gold.parsed");
  const auto rows =
      session_.query(sql::over("SELECT _partition, _offset FROM anabranch.recorded ORDER BY ALL", "recorded",
                               merged_part(epoch_, parsed, *parsed.part(views::errors_part))));
  ASSERT_TRUE(rows) << rows.error().describe();
  ASSERT_EQ(rows->row_count(), 2u) << "each event once";
  EXPECT_EQ(rows->integer(0, 1), 7);
  EXPECT_EQ(rows->integer(1, 1), 9);
}

}  // namespace
}  // namespace anabranch::serve
