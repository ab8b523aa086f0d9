#include "serve/query_check.h"

#include <gmock/gmock.h>

#include "sql/database.h"
#include "sql/parser.h"

namespace anabranch::serve {
namespace {

using testing::HasSubstr;

class QueryCheck : public ::testing::Test {
 protected:
  QueryCheck() {
    const auto database = sql::Database::open({}).value();
    auto session = database->connect().value();
    known_ = sql::function_names(session).value();
  }
  Status check(const std::string& text) { return check_query(sql::parse_select(text).value(), text, known_); }

  void expect_refused(const std::string& text, const std::string& name, int line, int column) {
    const Status checked = check(text);
    ASSERT_FALSE(checked) << text;
    EXPECT_EQ(checked.error().code, Code::refused) << text;
    EXPECT_THAT(checked.error().message, HasSubstr(name)) << text;
    ASSERT_TRUE(checked.error().place) << text;
    EXPECT_EQ(checked.error().place->line, line) << text;
    EXPECT_EQ(checked.error().place->column, column) << text;
  }

  sql::FunctionNames known_;
};

TEST_F(QueryCheck, WhatOnlyComputesIsAllowed) {
  for (const char* text : {"SELECT k, sum(n) FILTER (WHERE n > 0) FROM gold.a GROUP BY k HAVING count(*) > 1",
                           "SELECT upper(k), row_number() OVER (PARTITION BY k ORDER BY n) FROM gold.a",
                           "WITH t AS (SELECT * FROM range(3)) SELECT * FROM t, unnest([1, 2]) AS u(v)",
                           "SELECT (SELECT max(n) FROM gold.a) + abs(-1) AS n UNION ALL SELECT 1"}) {
    const Status checked = check(text);
    EXPECT_TRUE(checked) << text << ": " << checked.error().describe();
  }
}

// Wherever an expression may stand.
TEST_F(QueryCheck, AFunctionThatReachesOutsideIsRefusedAtItsPlace) {
  expect_refused("SELECT getenv('HOME')", "getenv", 1, 8);
  expect_refused("SELECT 1\nFROM gold.a\nWHERE getenv('X') = k", "getenv", 3, 7);
  expect_refused("SELECT k FROM gold.a ORDER BY getenv(k)", "getenv", 1, 31);
  expect_refused("SELECT sum(length(getenv(k))) OVER (PARTITION BY k) FROM gold.a", "getenv", 1, 19);
  expect_refused("SELECT row_number() OVER (PARTITION BY getenv(k)) FROM gold.a", "getenv", 1, 40);
  expect_refused("SELECT a.k FROM gold.a AS a JOIN gold.b AS b ON a.k = getenv(b.k)", "getenv", 1, 55);
  expect_refused("SELECT (SELECT getenv('X'))", "getenv", 1, 16);
  expect_refused("WITH t AS (SELECT getenv('X') AS x) SELECT * FROM t", "getenv", 1, 19);
  expect_refused("SELECT 1 UNION ALL SELECT length(getenv('X'))", "getenv", 1, 34);
}

TEST_F(QueryCheck, ATableFunctionThatReadsFilesIsRefused) {
  expect_refused("SELECT * FROM read_csv('/etc/passwd')", "read_csv", 1, 15);
  expect_refused("SELECT * FROM gold.a, read_parquet('x')", "read_parquet", 1, 23);
  expect_refused("SELECT * FROM (SELECT * FROM glob('*')) AS t", "glob", 1, 30);
  expect_refused("SELECT * FROM duckdb_settings()", "duckdb_settings", 1, 15);
}

TEST_F(QueryCheck, AFunctionThatThereIsNotIsAMistakeWithANearName) {
  const Status checked = check("SELECT uper(k) FROM gold.a");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Code::bad_sql);
  EXPECT_THAT(checked.error().message, HasSubstr("there is no function uper"));
  EXPECT_EQ(checked.error().hint, "did you mean upper?");
  EXPECT_EQ(check("SELECT * FROM rang(3)").error().message, "there is no table function rang");
}

TEST_F(QueryCheck, TheFirstThingThatIsWrongIsNamed) {
  const Status checked = check("SELECT getenv('X'), uper('a')");
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, HasSubstr("getenv"));
}

}  // namespace
}  // namespace anabranch::serve
