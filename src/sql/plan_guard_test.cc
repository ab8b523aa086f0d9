#include "sql/plan_guard.h"

#include <filesystem>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "sql/function_names.h"
#include "sql/parquet_file.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::sql {
namespace {

// An engine with two tables and two files, of which one each may be read.
class Guarded : public ::testing::Test {
 protected:
  Guarded() : database_(Database::open({}).value()), session_(database_->connect().value()) {
    for (const char* statement :
         {"CREATE TABLE mine AS SELECT 1 AS id, 'a' AS k", "CREATE TABLE theirs AS SELECT 2 AS id",
          "CREATE MACRO looks_harmless(x) AS x + (SELECT max(id) FROM theirs)",
          "CREATE MACRO reads_settings(x) AS current_setting('threads') || x",
          "CREATE MACRO rows_of(x) AS TABLE SELECT * FROM theirs", "CREATE VIEW view_of_mine AS FROM mine",
          "CREATE VIEW view_of_theirs AS FROM theirs", "CREATE SEQUENCE numbers"}) {
      EXPECT_TRUE(session_.run(statement)) << statement;
    }
    EXPECT_TRUE(write_parquet(session_, "SELECT 3 AS id", file("mine")));
    EXPECT_TRUE(write_parquet(session_, "SELECT 4 AS id", file("theirs")));
  }

  std::string file(const std::string& name) const { return (folder_.path() / (name + ".parquet")).string(); }

  PlanRules rules() const {
    PlanRules rules;
    rules.may_read_table = [](const BoundTable& table) {
      return table.database == "memory" && table.schema == "main" && table.name == "mine";
    };
    rules.may_read_file = [this](std::string_view path) { return path == file("mine"); };
    rules.may_scan = [](std::string_view function) { return function == "range"; };
    rules.may_call = [](std::string_view function) {
      static const std::set<std::string, std::less<>> names = {
          "+", "sum", "count_star", "list_transform", "max", "list_value", "error", "first"};
      return names.contains(function);
    };
    rules.may_write_file = [this](std::string_view path) { return path == file("written"); };
    return rules;
  }

  // "" where it ran; else what was refused.
  std::string refused(const std::string& text) {
    const PlanGuard guard(session_, rules());
    const auto rows = session_.query(text);
    if (rows) {
      EXPECT_GT(guard.checked(), 0U) << text << " ran and was not checked";
      return "";
    }
    EXPECT_EQ(rows.error().code, Code::refused) << text << ": " << rows.error().describe();
    return rows.error().message;
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
  Session session_;
};

TEST_F(Guarded, LetsThroughWhatItsRulesName) {
  for (const std::string& text :
       {std::string("SELECT id + 1 FROM mine WHERE id IN (SELECT max(id) FROM mine) ORDER BY 1 LIMIT 1"),
        std::string(
            "SELECT list_transform([1, 2], lambda x: x + 1), sum(id) OVER (PARTITION BY k) FROM mine"),
        std::string("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3) FROM c"),
        std::string("FROM view_of_mine JOIN range(3) AS r(id) USING (id)"),
        std::string("SELECT unnest([1, 2]) UNION ALL VALUES (3)"),
        "FROM " + read_files("read_parquet", {file("mine")}),
        "COPY (FROM mine) TO '" + file("written") + "'"}) {
    EXPECT_EQ(refused(text), "") << text;
  }
}

TEST_F(Guarded, RefusesTablesWhereverTheyStand) {
  for (const char* text : {
           "FROM theirs",
           "FROM memory.main.theirs",
           "FROM view_of_theirs",
           "FROM rows_of(1)",
           "SELECT looks_harmless(id) FROM mine",
           "SELECT (SELECT max(id) FROM theirs)",
           "FROM mine WHERE EXISTS (FROM theirs WHERE theirs.id = mine.id)",
           "VALUES ((SELECT max(id) FROM theirs))",
           "SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN (SELECT max(id) FROM theirs) PRECEDING AND CURRENT "
           "ROW) "
           "FROM mine",
           "FROM mine LIMIT (SELECT max(id) FROM theirs)",
           "FROM mine ORDER BY (SELECT max(id) FROM theirs)",
           "SELECT sum(id) FILTER (WHERE id < (SELECT max(id) FROM theirs)) FROM mine",
           "FROM mine POSITIONAL JOIN theirs",
           "FROM mine, LATERAL (FROM theirs WHERE theirs.id > mine.id)",
           "WITH c AS MATERIALIZED (FROM theirs) FROM c AS a, c AS b",
           "SELECT id FROM mine UNION ALL FROM theirs",
           "(SELECT id FROM mine) EXCEPT (FROM theirs)",
           "SELECT CASE WHEN false THEN (SELECT max(id) FROM theirs) END",
       }) {
    EXPECT_NE(refused(text).find("the table theirs"), std::string::npos) << text << ": " << refused(text);
  }
}

TEST_F(Guarded, RefusesFilesAndWhatReadsThem) {
  EXPECT_NE(refused("FROM '" + file("theirs") + "'").find("a file"), std::string::npos);
  EXPECT_NE(refused("FROM read_parquet(['" + file("mine") + "', '" + file("theirs") + "'])").find("a file"),
            std::string::npos);
  EXPECT_NE(refused("FROM read_parquet('" + (folder_.path() / "*.parquet").string() + "')").find("a file"),
            std::string::npos)
      << "a pattern is what it finds";
  EXPECT_NE(refused("FROM read_blob('" + file("mine") + "')").find("read_blob"), std::string::npos);
  EXPECT_NE(refused("FROM glob('*')").find("glob"), std::string::npos);
  EXPECT_NE(refused("FROM parquet_metadata('" + file("mine") + "')").find("parquet_metadata"),
            std::string::npos);
  EXPECT_NE(refused("COPY (FROM mine) TO '" + file("elsewhere") + "'").find("writing a file"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(file("elsewhere")));
}

TEST_F(Guarded, RefusesCallsWhereverTheyStand) {
  for (const char* text : {
           "SELECT current_setting('threads')",
           "SELECT nextval('numbers')",
           "SELECT reads_settings('x')",
           "SELECT list_transform(['x'], lambda x: nextval('numbers'))",
           "SELECT max(nextval('numbers')) FROM mine",
           "SELECT sum(id) FILTER (WHERE nextval('numbers') = 1) FROM mine",
           "SELECT sum(id) OVER (ORDER BY nextval('numbers')) FROM mine",
           "FROM mine AS a JOIN mine AS b ON a.id = nextval('numbers')",
           "SELECT k FROM mine GROUP BY ALL HAVING nextval('numbers') = 1",
           "SELECT DISTINCT ON (nextval('numbers')) id FROM mine",
           "SELECT * FROM mine QUALIFY row_number() OVER () = nextval('numbers')",
           "SELECT string_agg(k) FROM mine",
           "SELECT string_agg(k) OVER () FROM mine",
       }) {
    EXPECT_NE(refused(text).find("the function "), std::string::npos) << text << ": " << refused(text);
  }
}

TEST_F(Guarded, RefusesWhatIsNoSelect) {
  for (const char* text : {"INSERT INTO mine VALUES (9, 'z')", "UPDATE mine SET id = 9", "DELETE FROM mine",
                           "CREATE TABLE more AS FROM mine"}) {
    EXPECT_NE(refused(text), "") << text;
  }
  EXPECT_EQ(session_.query("SELECT sum(id)::BIGINT FROM mine").value().integer(0, 0), 1);
}

TEST_F(Guarded, IsOverWithItsGuard) {
  {
    const PlanGuard guard(session_, rules());
  }
  EXPECT_TRUE(session_.query("FROM theirs"));
  const PlanGuard guard(session_, {});
  EXPECT_FALSE(session_.query("FROM mine")) << "no rule, no right";
  auto other = database_->connect().value();
  EXPECT_TRUE(other.query("FROM theirs")) << "another session's";
}

TEST_F(Guarded, KnowsWhatAliasesAndMacrosBecome) {
  const auto names = bound_names(session_, {"list_append", "looks_harmless"}).value();
  EXPECT_TRUE(names.contains("list_concat"));
  EXPECT_TRUE(names.contains("max"));
  EXPECT_TRUE(names.contains("+"));
  EXPECT_FALSE(names.contains("nextval"));
}

}  // namespace
}  // namespace anabranch::sql
