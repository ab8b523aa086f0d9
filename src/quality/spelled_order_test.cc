// What a SELECT with its order spelled out gives does not depend on how rows lie, or who meets them first.

#include "quality/spelled_order.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sql/database.h"
#include "sql/parser.h"

namespace anabranch::quality {
namespace {

class SpelledOrderTest : public ::testing::Test {
 protected:
  SpelledOrderTest() : database_(sql::Database::open({}).value()), session_(database_->connect().value()) {
    run("CREATE SCHEMA bronze");
    // Rows lie backwards, so what follows their place instead of their order shows.
    run("CREATE TABLE bronze.\"e:all\" AS SELECT i AS id, 'k' || i % 3 AS k, i % 4 AS g, 0 AS _partition, i "
        "AS _offset "
        "FROM range(12) AS r(i) ORDER BY i DESC");
    run("CREATE VIEW bronze.e AS SELECT id, k, g FROM bronze.\"e:all\"");
    run("CREATE TABLE bronze.\"d:all\" AS SELECT 'k' || (5 - i) % 3 AS k, 'n' || (5 - i) AS name, 5 - i AS "
        "\"row\" FROM "
        "range(6) AS r(i)");
    run("CREATE VIEW bronze.d AS SELECT k, name FROM bronze.\"d:all\"");
    relations_["bronze.e"] = {
        "bronze", "e:all", {"id", "k", "g"}, {"_partition", "_offset"}, {"_offset", "_partition"}, true};
    relations_["bronze.d"] = {"bronze", "d:all", {"k", "name"}, {"row"}, {"row"}, false};
    const auto names = session_.query(
        "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type = 'aggregate'");
    for (size_t i = 0; i < names->row_count(); ++i) aggregates_.insert(names->text(i, 0).value());
  }

  void run(const std::string& sql) {
    const Status done = session_.run(sql);
    ASSERT_TRUE(done) << done.error().describe() << "\n" << sql;
  }

  std::string spelled(const std::string& text, bool shows_order = false) {
    auto out = spell_order(sql::parse_select(text).value(), relations_, shows_order, aggregates_);
    return out ? sql::to_sql(out->select) : out.error().describe();
  }

  // Rows as lines, spelled.
  std::string rows(const std::string& text) {
    const std::string sql = spelled(text);
    const auto found = session_.query(sql);
    if (!found) return found.error().describe() + "\n" + sql;
    std::string lines;
    for (size_t row = 0; row < found->row_count(); ++row) {
      for (size_t i = 0; i < found->columns().size(); ++i)
        lines += (i ? "," : "") + found->text(row, i).value_or("NULL");
      lines += ' ';
    }
    return lines;
  }
  bool needs(const std::string& text) { return needs_order(sql::parse_select(text).value(), {"_offset"}); }

  std::unique_ptr<sql::Database> database_;
  sql::Session session_;
  OrderedRelations relations_;
  std::set<std::string> aggregates_;
};

TEST_F(SpelledOrderTest, IsAskedForByWhatDependsOnIt) {
  EXPECT_FALSE(needs("SELECT k, count(*), sum(id) FROM bronze.e GROUP BY k ORDER BY k"));
  EXPECT_FALSE(needs("SELECT rank() OVER (ORDER BY id), sum(id) OVER (PARTITION BY k) FROM bronze.e"));
  EXPECT_FALSE(needs("SELECT DISTINCT k FROM bronze.e"));
  EXPECT_TRUE(needs("SELECT last(id) FROM bronze.e"));
  EXPECT_TRUE(needs("SELECT id FROM bronze.e LIMIT 1"));
  EXPECT_TRUE(needs("SELECT DISTINCT ON (k) id FROM bronze.e"));
  EXPECT_TRUE(needs("SELECT lag(id) OVER (ORDER BY g) FROM bronze.e"));
  EXPECT_TRUE(needs("SELECT sum(id) OVER (ORDER BY g ROWS UNBOUNDED PRECEDING) FROM bronze.e"));
  EXPECT_TRUE(needs("SELECT k FROM bronze.e WHERE id IN (SELECT max(id) FROM bronze.e HAVING first(g) > 0)"));
  EXPECT_TRUE(needs("SELECT _offset FROM bronze.e"));
}

TEST_F(SpelledOrderTest, OfAggregates) {
  EXPECT_EQ(rows("SELECT first(id), last(id), any_value(id) FROM bronze.e"), "0,11,0 ");
  EXPECT_EQ(rows("SELECT k, list(id), string_agg(id::VARCHAR, '-' ORDER BY g DESC) FROM bronze.e GROUP BY k "
                 "ORDER BY k"),
            "k0,[0, 3, 6, 9],3-6-9-0 k1,[1, 4, 7, 10],7-10-1-4 k2,[2, 5, 8, 11],11-2-5-8 ");
  EXPECT_EQ(rows("SELECT arg_max(id, g), arg_min(id, g), max_by(id, 1) FROM bronze.e"), "3,0,0 ")
      << "ties: the first";
  EXPECT_EQ(rows("SELECT last(id ORDER BY g) FROM bronze.e"), "11 ");
}

TEST_F(SpelledOrderTest, OfWindows) {
  EXPECT_EQ(rows("SELECT id FROM bronze.e QUALIFY row_number() OVER (PARTITION BY k ORDER BY g DESC) = 1 "
                 "ORDER BY id"),
            "3 7 11 ");
  EXPECT_EQ(
      rows("SELECT id, lag(id) OVER (ORDER BY g) AS b FROM bronze.e QUALIFY b IN (0, 8, 1) ORDER BY id"),
      "1,8 4,0 5,1 ");
  EXPECT_EQ(rows("SELECT id, sum(id) OVER (ORDER BY g ROWS UNBOUNDED PRECEDING) AS s FROM bronze.e QUALIFY g "
                 "= 0 ORDER BY id"),
            "0,0 4,4 8,12 ");
  EXPECT_EQ(rows("SELECT DISTINCT g, last_value(id) OVER (ORDER BY g) AS l, first_value(id) OVER (ORDER BY g "
                 "DESC) AS f, "
                 "sum(id) OVER (ORDER BY g) AS s FROM bronze.e ORDER BY g"),
            "0,8,3,12 1,9,3,27 2,10,3,45 3,11,3,66 ")
      << "peers stay peers";
}

TEST_F(SpelledOrderTest, OfLimitsAndDistinctOn) {
  EXPECT_EQ(rows("SELECT id FROM bronze.e LIMIT 2 OFFSET 1"), "1 2 ");
  EXPECT_EQ(rows("SELECT id FROM bronze.e ORDER BY g DESC LIMIT 2"), "3 7 ");
  EXPECT_EQ(rows("SELECT DISTINCT ON (k) k, id FROM bronze.e ORDER BY k, g DESC"), "k0,3 k1,7 k2,11 ");
  EXPECT_EQ(rows("SELECT k, count(*) AS n FROM bronze.e GROUP BY 1 ORDER BY n LIMIT 2"), "k0,4 k1,4 ");
  EXPECT_EQ(rows("SELECT upper(k) AS kk, row_number() OVER (ORDER BY count(*)) AS n FROM bronze.e GROUP BY "
                 "kk ORDER BY n"),
            "K0,1 K1,2 K2,3 ");
  EXPECT_EQ(rows("SELECT k, count(*) AS n FROM bronze.e GROUP BY ALL ORDER BY n LIMIT 1"), "k0,4 ");
}

TEST_F(SpelledOrderTest, GoesThroughDerivedTablesCtesAndSubqueries) {
  EXPECT_EQ(rows("SELECT last(id) FROM (SELECT * FROM bronze.e WHERE g > 0)"), "11 ");
  EXPECT_EQ(
      rows("WITH c AS (SELECT id + 1 AS id FROM bronze.e) SELECT first(id), (SELECT last(id) FROM c) FROM c"),
      "1,12 ");
  EXPECT_EQ(rows("SELECT * FROM (SELECT k, last(id) AS l FROM bronze.e GROUP BY k) LIMIT 2"), "k0,9 k1,10 ");
  EXPECT_EQ(rows("SELECT id FROM bronze.e WHERE id = (SELECT id FROM bronze.e ORDER BY g DESC LIMIT 1)"),
            "3 ");
}

TEST_F(SpelledOrderTest, OfJoinsIsThatOfTheEventThenOfTheTable) {
  EXPECT_EQ(rows("SELECT list(id || name) FROM bronze.d JOIN bronze.e USING (k) WHERE id < 2"),
            "[0n0, 0n3, 1n1, 1n4] ");
  EXPECT_EQ(rows("SELECT first(name), last(name) FROM bronze.e AS x LEFT JOIN bronze.d AS y ON y.k = x.k"),
            "n0,n5 ");
}

TEST_F(SpelledOrderTest, KeepsHiddenColumnsOutOfStars) {
  EXPECT_EQ(rows("SELECT * FROM bronze.e LIMIT 1"), "0,k0,0 ");
  EXPECT_EQ(rows("SELECT x.*, _offset FROM bronze.e AS x JOIN bronze.d USING (k) LIMIT 1"), "0,k0,0,0 ");
  EXPECT_EQ(rows("SELECT * FROM (SELECT * FROM bronze.e LIMIT 1)"), "0,k0,0 ");
  EXPECT_EQ(
      rows("SELECT * FROM (SELECT k FROM bronze.e LIMIT 3) NATURAL JOIN (SELECT k FROM bronze.e LIMIT 1)"),
      "k0 ");
}

TEST_F(SpelledOrderTest, CanBeShownToWhoReads) {
  auto out = spell_order(sql::parse_select("SELECT k FROM bronze.e WHERE g = 3").value(), relations_, true,
                         aggregates_);
  ASSERT_TRUE(out);
  ASSERT_EQ(out->order.size(), 2u);
  const auto found = session_.query(sql::to_sql(out->select));
  ASSERT_TRUE(found) << found.error().describe();
  ASSERT_EQ(found->columns().size(), 3u);
  EXPECT_EQ(found->columns()[1].name, out->order[0]);
  EXPECT_FALSE(spell_order(sql::parse_select("SELECT COLUMNS(*) FROM bronze.e LIMIT 1").value(), relations_,
                           false, aggregates_));
}

}  // namespace
}  // namespace anabranch::quality
