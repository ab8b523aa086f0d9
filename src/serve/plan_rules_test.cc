#include "serve/plan_rules.h"

#include <set>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "serve/query_check.h"
#include "sql/database.h"
#include "sql/parquet_file.h"

namespace anabranch::serve {
namespace {

class Rules : public ::testing::Test {
 protected:
  Rules() : database_(sql::Database::open({}).value()), session_(database_->connect().value()) {
    epoch_.tables["bronze.planes"] = "table_7_bronze.planes";
    epoch_.slices["gold.n"]["main"] = {
        "\"slice_1_2_gold.n_main\"",
        "(SELECT * FROM " + sql::read_files("read_parquet", {"/data/serving/slices/a[1].parquet"}) + ")"};
    epoch_.built["gold.n"] = {"b1", "build_b1", {"/data/serving/b1/n.parquet"}, {}, {}, 0};
    epoch_.archives["bronze.e"].partitions = {{std::vector<std::string>{"/data/lake/bronze/e/1.parquet"}, 5}};
    functions_ = sql::bound_names(session_, allowed_functions()).value();
    auto world = std::make_shared<views::World>();
    world->tables["bronze.large"] = {"bronze.large", 1, "/data/lake/bronze/large/1.parquet", {}, 0};
    world->tables["bronze.large"].is_in_place = true;
    world->tables["bronze.planes"] = {"bronze.planes", 7, "/data/lake/bronze/planes/7.parquet", {}, 0};
    epoch_.world = std::move(world);
    PlanSources sources;
    sources.functions = &functions_;
    sources.is_bulk_file = [](std::string_view file) { return file == "/data/log/e/0/bulk/1.parquet"; };
    sources.logs = {"log_e_v1"};
    sources.is_called_by_views = [](std::string_view function) { return function == "txid_current"; };
    rules_ = plan_rules(epoch_, std::move(sources));
  }

  bool reads(const char* database, const char* schema, const char* table) const {
    return rules_.may_read_table({database, schema, table});
  }

  speed::Epoch epoch_;
  std::unique_ptr<sql::Database> database_;
  sql::Session session_;
  sql::FunctionNames functions_;
  sql::PlanRules rules_;
};

TEST_F(Rules, NameTheTablesOfTheirEpoch) {
  EXPECT_TRUE(reads("memory", "main", "slice_1_2_gold.n_main"));
  EXPECT_TRUE(reads("memory", "main", "table_7_bronze.planes"));
  EXPECT_TRUE(reads("build_b1", "main", "gold.n#main"));
  EXPECT_TRUE(reads("build_b1", "main", "gold.n#values0.summary"));

  EXPECT_FALSE(reads("memory", "main", "epoch"));
  EXPECT_FALSE(reads("memory", "main", "bronze.planes"));
  EXPECT_FALSE(reads("memory", "other", "table_7_bronze.planes"));
  EXPECT_FALSE(reads("temp", "main", "table_7_bronze.planes"));
  EXPECT_FALSE(reads("memory", "main", "slice_1_1_gold.n_main")) << "of another epoch";
  EXPECT_FALSE(reads("build_b0", "main", "gold.n#main")) << "of another build";
  EXPECT_FALSE(reads("build_b1", "main", "gold.m#main")) << "of a view that this build has not";
  EXPECT_FALSE(reads("build_b1", "main", "gold.n"));
  EXPECT_FALSE(reads("memory", "main", "(SELECT 1)"));
}

TEST_F(Rules, NameTheFilesOfTheirEpoch) {
  for (const char* file :
       {"/data/serving/slices/a[1].parquet", "/data/serving/b1/n.parquet", "/data/lake/bronze/e/1.parquet",
        "/data/log/e/0/bulk/1.parquet", "/data/lake/bronze/large/1.parquet"}) {
    EXPECT_TRUE(rules_.may_read_file(file)) << file;
  }
  for (const char* file : {"/data/serving/slices/a1.parquet", "/data/serving/b0/n.parquet", "/etc/passwd", "",
                           "/data/lake/bronze/planes/7.parquet", "/data/lake/bronze/e/2.parquet",
                           "/data/log/e/0/bulk/2.parquet", "parquet"}) {
    EXPECT_FALSE(rules_.may_read_file(file)) << file;
  }
  EXPECT_FALSE(rules_.may_write_file) << "nobody writes";
}

TEST_F(Rules, NameWhatMayBeCalled) {
  for (const char* name : {"concat", "||", "list_transform", "sum", "CONCAT", "txid_current"})
    EXPECT_TRUE(rules_.may_call(name)) << name;
  for (const char* name : {"current_setting", "getvariable", "nextval", "version", "write_log", "getenv", ""})
    EXPECT_FALSE(rules_.may_call(name)) << name;
  EXPECT_TRUE(rules_.may_scan("log_e_v1"));
  EXPECT_TRUE(rules_.may_scan("range"));
  for (const char* name : {"log_f_v1", "duckdb_tables", "glob", "pragma_version", "query_table", "seq_scan"})
    EXPECT_FALSE(rules_.may_scan(name)) << name;
}

// Every function that the engine has and that is not on the list is refused: nothing comes in with the
// engine's next version by itself.
TEST_F(Rules, AreOfAllFunctionsOfTheEngine) {
  const auto names = session_
                         .query(
                             "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE "
                             "function_type IN ('table', 'pragma')")
                         .value();
  ASSERT_GT(names.row_count(), 50U);
  const std::set<std::string> allowed = {"range", "generate_series", "unnest", "json_each", "json_tree"};
  for (size_t i = 0; i < names.row_count(); ++i) {
    const std::string name = names.text(i, 0).value();
    EXPECT_EQ(rules_.may_scan(name), allowed.contains(name)) << name;
  }
}

// What the engine adds to a plan by itself is not refused.
TEST_F(Rules, LetThroughWhatTheEngineAdds) {
  const sql::PlanGuard guard(session_, rules_);
  for (const char* type : {"BOOLEAN",
                           "UTINYINT",
                           "HUGEINT",
                           "DECIMAL(38,10)",
                           "FLOAT",
                           "DOUBLE",
                           "VARCHAR",
                           "BLOB",
                           "BIT",
                           "DATE",
                           "TIME",
                           "TIMETZ",
                           "TIMESTAMP",
                           "TIMESTAMP_NS",
                           "TIMESTAMPTZ",
                           "INTERVAL",
                           "UUID",
                           "JSON",
                           "INTEGER[]",
                           "TIMETZ[]",
                           "INTEGER[2]",
                           "STRUCT(a INTERVAL, b VARCHAR)",
                           "MAP(VARCHAR, TIMETZ)"}) {
    for (const char* text :
         {"SELECT v FROM t WHERE v = w", "SELECT v, count(*) FROM t GROUP BY v",
          "SELECT v FROM t ORDER BY v DESC, w", "SELECT DISTINCT v FROM t",
          "SELECT min(v), max(v), first(v ORDER BY w) FROM t", "SELECT count(DISTINCT v), mode(v) FROM t",
          "SELECT row_number() OVER (PARTITION BY v ORDER BY w) FROM t",
          "SELECT t.v FROM t JOIN t AS u ON t.v = u.w", "SELECT v FROM t WHERE v IN (SELECT w FROM t)",
          "SELECT (SELECT v FROM t)", "SELECT v FROM t WHERE v BETWEEN w AND w",
          "SELECT list(v ORDER BY w DESC) FROM t", "SELECT v FROM t UNION SELECT w FROM t",
          "SELECT v FROM t WHERE v IS DISTINCT FROM w", "SELECT arg_max(v, w) FROM t",
          "SELECT CAST(v AS VARCHAR) FROM t", "SELECT string_agg(v, ',' ORDER BY v) FROM t",
          "SELECT v FROM t WHERE (v, w) IN (SELECT w, v FROM t)",
          "SELECT v FROM t WHERE v > ALL (SELECT w FROM t)"}) {
      const auto rows = session_.query(
          fmt::format("WITH t AS (SELECT NULL::{0} AS v, NULL::{0} AS w FROM range(2)) {1}", type, text));
      EXPECT_TRUE(rows || rows.error().code != Code::refused)
          << type << ": " << text << ": " << rows.error().message;
    }
  }
  for (const char* text :
       {"SELECT k FROM (VALUES ('a'), ('B')) AS t(k) ORDER BY k COLLATE NOCASE",
        "SELECT k FROM (VALUES ('a'), ('B')) AS t(k) GROUP BY k COLLATE NOACCENT, k",
        "SELECT k FROM (VALUES ('a'), ('B')) AS t(k) ORDER BY k COLLATE NOCASE.NOACCENT",
        "SELECT k COLLATE NFC = 'a' FROM (VALUES ('a'), ('B')) AS t(k)",
        "SELECT {'a': 1, 'b': 2}::STRUCT(b INTEGER, c INTEGER)",
        "SELECT 1 AS a UNION ALL BY NAME SELECT 2 AS b",
        "SELECT [1, 2, 3][2], {'a': 1}.a, [x + 1 FOR x IN [1, 2] IF x > 1]",
        "SELECT 'a' LIKE 'a%', 'a' ~ 'a', 'a' || 'b'",
        "SELECT CASE WHEN 1 IN (1, 2, 3) THEN 'a' END, coalesce(NULL, 1), nullif(1, 2)",
        "SELECT DATE '2020-01-01' + INTERVAL 1 DAY, extract(year FROM DATE '2020-01-01'), 5 // 2, -(-1), 2 "
        "** 3",
        "SELECT '{\"a\": [1]}'::JSON -> 'a' ->> 0", "SELECT unnest({'a': 1, 'b': 2}), unnest([1, 2])",
        "SELECT sum(x) FILTER (WHERE x > 0) OVER (ORDER BY x RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM "
        "range(3) AS t(x)"}) {
    const auto rows = session_.query(text);
    EXPECT_TRUE(rows) << text << ": " << rows.error().message;
  }
}

}  // namespace
}  // namespace anabranch::serve
