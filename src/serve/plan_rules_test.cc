#include "serve/plan_rules.h"

#include <set>
#include <string>

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
    epoch_.archives["bronze.e"] = {{"/data/lake/bronze/e/1.parquet"}, 5};
    functions_ = sql::bound_names(session_, allowed_functions()).value();
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
  for (const char* file : {"/data/serving/slices/a[1].parquet", "/data/serving/b1/n.parquet",
                           "/data/lake/bronze/e/1.parquet", "/data/log/e/0/bulk/1.parquet"}) {
    EXPECT_TRUE(rules_.may_read_file(file)) << file;
  }
  for (const char* file : {"/data/serving/slices/a1.parquet", "/data/serving/b0/n.parquet", "/etc/passwd", "",
                           "/data/lake/bronze/e/2.parquet", "/data/log/e/0/bulk/2.parquet", "parquet"}) {
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

}  // namespace
}  // namespace anabranch::serve
