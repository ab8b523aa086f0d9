// What a SELECT with its order spelled out gives does not depend on how rows lie, or who meets them first.

#include "sql/spelled_order.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sql/database.h"
#include "sql/parser.h"

namespace anabranch::sql {
namespace {

class SpelledOrderTest : public ::testing::Test {
 protected:
  SpelledOrderTest() : database_(Database::open({}).value()), session_(database_->connect().value()) {
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
    relations_["bronze.e"] = {"bronze", "e:all", {"id", "k", "g"}, {}, {{"_offset"}, {"_partition"}}, true};
    relations_["bronze.d"] = {"bronze", "d:all", {"k", "name"}, {}, {{"row"}}, false};
    const auto names = session_.query(
        "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type = 'aggregate'");
    for (size_t i = 0; i < names->row_count(); ++i) aggregates_.insert(names->text(i, 0).value());
  }

  void run(const std::string& sql) {
    const Status done = session_.run(sql);
    ASSERT_TRUE(done) << done.error().describe() << "\n" << sql;
  }

  std::string spelled(const std::string& text, bool shows_order = false) {
    auto out = spell_order(parse_select(text).value(), relations_, shows_order, aggregates_);
    return out ? to_sql(out->select) : out.error().describe();
  }

  // Rows as lines, spelled.
  std::string rows(const std::string& text) {
    const std::string sql = spelled(text);
    const auto found = session_.query(sql);
    if (!found) return found.error().describe() + "\n" + sql;
    const auto as_written = session_.describe(text);
    EXPECT_TRUE(as_written || !relations_["bronze.e"].named_columns.empty()) << text;
    if (as_written) {
      EXPECT_EQ(found->columns(), *as_written) << sql;
    }
    std::string lines;
    for (size_t row = 0; row < found->row_count(); ++row) {
      for (size_t i = 0; i < found->columns().size(); ++i)
        lines += (i ? "," : "") + found->text(row, i).value_or("NULL");
      lines += ' ';
    }
    return lines;
  }
  bool needs(const std::string& text) { return needs_order(parse_select(text).value()); }

  std::unique_ptr<Database> database_;
  Session session_;
  OrderedRelations relations_;
  FunctionNames aggregates_;
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
}

TEST_F(SpelledOrderTest, OfAggregates) {
  EXPECT_EQ(rows("SELECT first(id), last(id), any_value(id) FROM bronze.e"), "0,11,0 ");
  EXPECT_EQ(rows("SELECT k, list(id), string_agg(id::VARCHAR, '-' ORDER BY g DESC) FROM bronze.e GROUP BY k "
                 "ORDER BY k"),
            "k0,[0, 3, 6, 9],3-6-9-0 k1,[1, 4, 7, 10],7-10-1-4 k2,[2, 5, 8, 11],11-2-5-8 ");
  EXPECT_EQ(rows("SELECT arg_max(id, g), arg_min(id, g), max_by(id, 1) FROM bronze.e"), "3,0,0 ")
      << "ties: the first";
  EXPECT_EQ(rows("SELECT last(id ORDER BY g) FROM bronze.e"), "11 ");
  EXPECT_EQ(rows("SELECT json_group_array(id), json_group_object(k || id, g) FROM bronze.e WHERE id < 3"),
            "[0,1,2],{\"k00\":0,\"k11\":1,\"k22\":2} ");
  EXPECT_EQ(rows("SELECT arg_max(id, g) FILTER (id > 3), max_by(k, id, 2), arg_min(NULL, g) FROM bronze.e"),
            "7,[k2, k1],NULL ");
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

TEST_F(SpelledOrderTest, OfUnpivotIsThatOfItsRowsThenOfItsEntries) {
  EXPECT_EQ(rows("SELECT list(n || v) FROM (UNPIVOT bronze.e ON g, id INTO NAME n VALUE v) WHERE v < 2"),
            "[g0, id0, g1, id1, g0, g1, g0, g1] ");
  EXPECT_EQ(rows("SELECT * FROM (UNPIVOT bronze.e ON COLUMNS(* EXCLUDE k) INTO NAME n VALUE v) LIMIT 3"),
            "k0,id,0 k0,g,0 k1,id,1 ");
  EXPECT_EQ(rows("SELECT v, n FROM bronze.e AS x UNPIVOT (v FOR n IN (COLUMNS('^.d?$')::VARCHAR)) LIMIT 4"),
            "0,id k0,k 0,g 1,id ");
  EXPECT_EQ(rows("WITH c AS (FROM bronze.e UNPIVOT ((v, w) FOR n IN ((g, id), (id, g) AS \"last\"))) SELECT "
                 "first(n), last(n), last(w) FROM c"),
            "g_id,last,3 ");
  EXPECT_EQ(
      rows("SELECT list(name || n) FROM (bronze.d JOIN bronze.e USING (k)) UNPIVOT (v FOR n IN (g, id)) "
           "WHERE v > 9"),
      "[n1id, n4id, n2id, n5id] ");
  EXPECT_EQ(
      rows("SELECT id, k, v FROM bronze.e AS e JOIN (UNPIVOT bronze.d ON name INTO NAME n VALUE v) AS u "
           "USING (k) ORDER BY id LIMIT 2"),
      "0,k0,n0 0,k0,n3 ");
  EXPECT_EQ(spelled("SELECT last(a) FROM bronze.e UNPIVOT (v FOR n IN (g, id)) AS u(a)"),
            "its order cannot be told apart from what it reads");
  relations_["bronze.e"].named_columns = {"_partition", "_offset"};
  EXPECT_EQ(rows("SELECT * FROM (UNPIVOT bronze.e ON g INTO NAME n VALUE v) LIMIT 1"), "0,k0,g,0 ");
  EXPECT_EQ(rows("SELECT * FROM bronze.e UNPIVOT (v FOR n IN (g, _offset)) LIMIT 2"),
            "0,k0,g,0 0,k0,_offset,0 ");
  EXPECT_EQ(rows("SELECT count(*) FROM (FROM bronze.e UNPIVOT (v FOR n IN (COLUMNS(* EXCLUDE k))))"), "24 ");
}

TEST_F(SpelledOrderTest, KeepsHiddenColumnsOutOfStars) {
  EXPECT_EQ(rows("SELECT * FROM bronze.e LIMIT 1"), "0,k0,0 ");
  relations_["bronze.e"].named_columns = {"_partition", "_offset"};
  EXPECT_EQ(rows("SELECT x.*, _offset FROM bronze.e AS x JOIN bronze.d USING (k) LIMIT 1"), "0,k0,0,0 ");
  EXPECT_EQ(rows("SELECT * FROM (SELECT * FROM bronze.e LIMIT 1)"), "0,k0,0 ");
  EXPECT_EQ(
      rows("SELECT * FROM (SELECT k FROM bronze.e LIMIT 3) NATURAL JOIN (SELECT k FROM bronze.e LIMIT 1)"),
      "k0 ");
}

TEST_F(SpelledOrderTest, OfQueriesThatHaveAnOrderOfTheirOwn) {
  EXPECT_EQ(rows("SELECT list(id) FROM (SELECT id FROM bronze.e ORDER BY g DESC, id LIMIT 4)"),
            "[3, 7, 11, 2] ");
  EXPECT_EQ(rows("SELECT last(id) FROM (SELECT id, g FROM bronze.e ORDER BY 2)"), "11 ");
  EXPECT_EQ(rows("SELECT first(id) FROM (SELECT id, -g AS n FROM bronze.e ORDER BY n)"), "3 ");
  EXPECT_EQ(rows("WITH c AS (SELECT * FROM bronze.e ORDER BY g DESC) SELECT list(id) FROM c WHERE id < 5"),
            "[3, 2, 1, 0, 4] ");
  EXPECT_EQ(rows("SELECT last(k) FROM (SELECT k, count(*) AS n FROM bronze.e GROUP BY k ORDER BY k DESC)"),
            "k0 ");
}

TEST_F(SpelledOrderTest, OfSetOperations) {
  EXPECT_EQ(rows("SELECT id FROM bronze.e WHERE id > 9 UNION ALL SELECT id FROM bronze.e LIMIT 4"),
            "10 11 0 1 ");
  EXPECT_EQ(
      rows("SELECT list(id) FROM (SELECT id FROM bronze.e WHERE id > 9 UNION ALL SELECT -id FROM bronze.e "
           "WHERE id < 3)"),
      "[10, 11, 0, -1, -2] ");
  EXPECT_EQ(rows("SELECT id, g FROM bronze.e UNION ALL SELECT id, g FROM bronze.e ORDER BY g DESC LIMIT 4"),
            "3,3 7,3 11,3 3,3 ");
  EXPECT_EQ(rows("SELECT k FROM bronze.e UNION SELECT 'a' LIMIT 2"), "a k0 ");
  EXPECT_EQ(rows("SELECT k, g FROM bronze.e UNION SELECT 'a', 3 ORDER BY g DESC LIMIT 2"), "a,3 k0,3 ");
  EXPECT_EQ(rows("SELECT last(k) FROM (SELECT k FROM bronze.e EXCEPT SELECT 'k2')"), "k1 ");
  EXPECT_EQ(rows("SELECT id, k FROM bronze.e UNION ALL BY NAME SELECT k FROM bronze.d LIMIT 3 OFFSET 11"),
            "11,k2 NULL,k0 NULL,k1 ");
  EXPECT_EQ(
      rows("(SELECT id FROM bronze.e LIMIT 1) UNION ALL (SELECT id FROM bronze.e ORDER BY g DESC LIMIT 1)"),
      "0 3 ");
}

TEST_F(SpelledOrderTest, OfDistinctRowsIsThatOfTheirColumns) {
  EXPECT_EQ(rows("SELECT DISTINCT k FROM bronze.e LIMIT 2"), "k0 k1 ");
  EXPECT_EQ(rows("SELECT DISTINCT k, g FROM bronze.e ORDER BY g DESC LIMIT 2"), "k0,3 k1,3 ");
  EXPECT_EQ(rows("SELECT first(k), last(g) FROM (SELECT DISTINCT k, g FROM bronze.e)"), "k0,3 ");
  EXPECT_EQ(rows("SELECT DISTINCT * FROM bronze.e LIMIT 1"), "0,k0,0 ");
}

TEST_F(SpelledOrderTest, OfUnnestedValuesIsThatOfTheirPlaces) {
  EXPECT_EQ(rows("SELECT id, unnest([id, -id]) AS v FROM bronze.e WHERE id > 0 LIMIT 3"), "1,1 1,-1 2,2 ");
  EXPECT_EQ(rows("SELECT list(v) FROM (SELECT unnest([id, -id]) AS v FROM bronze.e WHERE id IN (1, 2))"),
            "[1, -1, 2, -2] ");
  EXPECT_EQ(rows("SELECT list(u.v) FROM bronze.e AS x, unnest([x.id, -x.id]) AS u(v) WHERE id IN (1, 2)"),
            "[1, -1, 2, -2] ");
  EXPECT_EQ(rows("SELECT list(id + i) FROM bronze.e, range(2) AS r(i) WHERE id IN (1, 5)"), "[1, 2, 5, 6] ");
  EXPECT_EQ(rows("SELECT list(v) FROM (VALUES (3), (1), (2)) AS t(v)"), "[3, 1, 2] ");
  EXPECT_EQ(rows("VALUES (3), (1), (2) LIMIT 2"), "3 1 ");
}

TEST_F(SpelledOrderTest, OfJoinsOfAllKinds) {
  EXPECT_EQ(
      rows("SELECT list(x.id * 100 + y.id) FROM bronze.e x JOIN bronze.e y ON x.g = y.g AND x.k = y.k JOIN "
           "bronze.d z ON z.k = x.k JOIN bronze.d w ON w.name = z.name WHERE x.id < 2"),
      "[0, 0, 101, 101] ");
  EXPECT_EQ(rows("SELECT last(id) FROM bronze.e SEMI JOIN bronze.d USING (k)"), "11 ");
  EXPECT_EQ(rows("SELECT last(id) FROM bronze.e ANTI JOIN bronze.d ON e.k = d.k AND d.name = 'n2'"), "10 ");
  EXPECT_EQ(
      rows("SELECT list(id) FROM bronze.e NATURAL JOIN (SELECT DISTINCT k FROM bronze.d WHERE k = 'k1')"),
      "[1, 4, 7, 10] ");
  EXPECT_EQ(rows("SELECT x.id, y.name FROM bronze.e x POSITIONAL JOIN bronze.d y WHERE name = 'n1'"),
            "1,n1 ");
  EXPECT_EQ(rows("SELECT x.id, l.v FROM bronze.e x, LATERAL (SELECT last(y.id) AS v FROM bronze.e y WHERE "
                 "y.g = x.g) "
                 "l ORDER BY x.id LIMIT 2"),
            "0,8 1,9 ");
  EXPECT_EQ(
      rows("SELECT first(x.id), last(y.name) FROM bronze.e x FULL JOIN bronze.d y ON x.k = y.k AND x.id = 5"),
      "0,n4 ");
}

TEST_F(SpelledOrderTest, OfSubqueriesInExpressions) {
  EXPECT_EQ(rows("SELECT x.id, (SELECT last(y.id) FROM bronze.e y WHERE y.k = x.k) FROM bronze.e x ORDER BY "
                 "id LIMIT 2"),
            "0,9 1,10 ");
  EXPECT_EQ(rows("SELECT id FROM bronze.e WHERE id IN (SELECT id FROM bronze.e ORDER BY g DESC LIMIT 2) "
                 "ORDER BY id"),
            "3 7 ");
  EXPECT_EQ(
      rows("SELECT count(*) FROM bronze.d WHERE EXISTS (SELECT 1 FROM bronze.e WHERE e.k = d.k LIMIT 1)"),
      "6 ");
  EXPECT_EQ(rows("SELECT ARRAY(SELECT id FROM bronze.e WHERE g = 3)"), "[3, 7, 11] ");
}

TEST_F(SpelledOrderTest, OfGroupingSets) {
  EXPECT_EQ(
      rows("SELECT k, count(*) AS n, last(id) AS l FROM bronze.e GROUP BY ROLLUP (k) ORDER BY n LIMIT 2"),
      "k0,4,9 k1,4,10 ");
  EXPECT_EQ(rows("SELECT list(k) FROM (SELECT k, count(*) AS n FROM bronze.e GROUP BY ROLLUP (k))"),
            "[k0, k1, k2, NULL] ");
  EXPECT_EQ(rows("SELECT k AS g, count(*) FROM bronze.e GROUP BY g, k LIMIT 2"), "k0,1 k1,1 ")
      << "g is the column";
}

TEST_F(SpelledOrderTest, KeepsNamesAndStars) {
  EXPECT_EQ(rows("SELECT last(id), LAST(k) || 'x', any_value(g) FROM bronze.e"), "11,k2x,0 ");
  EXPECT_EQ(rows("SELECT \"any_value(id)\" FROM (SELECT any_value(id) FROM bronze.e)"), "0 ");
  EXPECT_EQ(rows("SELECT * EXCLUDE (g) REPLACE (id + 1 AS id) FROM bronze.e LIMIT 1"), "1,k0 ");
  EXPECT_EQ(rows("SELECT e.* RENAME (k AS kk) FROM bronze.e LIMIT 1"), "0,k0,0 ");
  EXPECT_EQ(rows("SELECT COLUMNS(*) FROM bronze.e LIMIT 1"), "0,k0,0 ");
  EXPECT_EQ(rows("SELECT COLUMNS('d|k') FROM bronze.e LIMIT 1"), "0,k0 ");
  EXPECT_EQ(rows("SELECT COLUMNS(lambda c: c < 'j') FROM bronze.e LIMIT 1"), "0,0 ");
  EXPECT_EQ(rows("SELECT max(COLUMNS(*)) FROM (SELECT * FROM bronze.e LIMIT 2)"), "1,k1,1 ");
  EXPECT_EQ(rows("SELECT count(*), count(e.*) FROM (SELECT * FROM bronze.e LIMIT 3) e"), "3,3 ");
  EXPECT_EQ(rows("SELECT bronze.e.k, e.* FROM bronze.e LIMIT 1"), "k0,0,k0,0 ");
  EXPECT_EQ(rows("FROM bronze.e AS x(a, b) SELECT *, a LIMIT 1"), "0,k0,0,0 ");
  EXPECT_EQ(rows("SELECT a.*, b.id FROM bronze.e a JOIN bronze.e b USING (id) LIMIT 1"), "0,k0,0,0 ");
}

TEST_F(SpelledOrderTest, LeavesARowAsAWholeToTheEngine) {
  const auto select = parse_select("SELECT e FROM bronze.e LIMIT 1").value();
  EXPECT_FALSE(spell_order(select, relations_, false, aggregates_));
}

TEST_F(SpelledOrderTest, LeavesNamesOfItsOwnToTheEngine) {
  const auto select =
      parse_select("SELECT * FROM (SELECT id AS \"anabranch:1\" FROM bronze.e) LIMIT 1").value();
  EXPECT_FALSE(spell_order(select, relations_, false, aggregates_));
}

TEST_F(SpelledOrderTest, LeavesAloneWhatDoesNotDependOnIt) {
  EXPECT_EQ(spelled("SELECT k, sum(id) FROM bronze.e GROUP BY k ORDER BY 2"),
            "SELECT k, sum(id) FROM bronze.e GROUP BY k ORDER BY 2");
  const std::string beside =
      spelled("SELECT max(l) FROM (SELECT last(id) AS l FROM bronze.e GROUP BY k) CROSS JOIN bronze.d");
  EXPECT_NE(beside.find("CROSS JOIN bronze.d"), std::string::npos) << beside;
}

TEST_F(SpelledOrderTest, CanBeShownToWhoReads) {
  auto out =
      spell_order(parse_select("SELECT k FROM bronze.e WHERE g = 3").value(), relations_, true, aggregates_);
  ASSERT_TRUE(out);
  ASSERT_EQ(out->order.size(), 2u);
  const auto found = session_.query(to_sql(out->select));
  ASSERT_TRUE(found) << found.error().describe();
  ASSERT_EQ(found->columns().size(), 3u);
  EXPECT_EQ(found->columns()[1].name, out->order[0].column);
}

}  // namespace
}  // namespace anabranch::sql
