// A table with every type, written as a build writes it, for other programs to read. delta_readers_check.py
// runs this test with ANABRANCH_DELTA_CHECK set to a folder and reads what it finds there.

#include <cstdlib>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lake/delta_table.h"
#include "lake/local_store.h"
#include "lake/store_for_tests.h"
#include "lake/type_mapping.h"
#include "sql/database.h"
#include "sql/object_urls.h"
#include "sql/syntax.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::lake {
namespace {

using Columns = std::vector<model::RelationColumn>;

const Columns first_columns{{"id", "INTEGER"},
                            {"truth", "BOOLEAN"},
                            {"tiny", "TINYINT"},
                            {"small", "SMALLINT"},
                            {"big", "BIGINT"},
                            {"huge", "HUGEINT"},
                            {"ubig", "UBIGINT"},
                            {"uint", "UINTEGER"},
                            {"single", "FLOAT"},
                            {"number", "DOUBLE"},
                            {"price", "DECIMAL(10,2)"},
                            {"text", "VARCHAR"},
                            {"bytes", "BLOB"},
                            {"day", "DATE"},
                            {"at", "TIMESTAMP"},
                            {"instant", "TIMESTAMP WITH TIME ZONE"},
                            {"time_of_day", "TIME"},
                            {"span", "INTERVAL"},
                            {"key", "UUID"},
                            {"mood", "ENUM('calm', 'wild')"},
                            {"document", "JSON"},
                            {"list", "HUGEINT[]"},
                            {"nested", "STRUCT(a INTEGER, \"at\" TIMESTAMP)"},
                            {"pairs", "MAP(VARCHAR, DOUBLE)"}};

const std::string first_rows = R"sql(
  SELECT i::INTEGER AS id, i % 2 = 0 AS truth, i::TINYINT AS tiny, (-i)::SMALLINT AS small,
         9223372036854775807 - i AS big, 99999999999999999999999999999999999999::HUGEINT - i AS huge,
         18446744073709551615::UBIGINT AS ubig, 4294967295::UINTEGER AS uint, 0.5::FLOAT AS single,
         i / 3 AS number, (i + 0.25)::DECIMAL(10,2) AS price, 'café ' || i AS text, '\x00\xFF'::BLOB AS bytes,
         DATE '2013-01-31' + i::INTEGER AS day, TIMESTAMP '2013-01-31 05:06:07.000008' AS at,
         TIMESTAMPTZ '2013-01-31 05:06:07.5+02' AS instant, TIME '05:06:07' AS time_of_day,
         INTERVAL '1 year 2 days' AS span, '6b3f9cd2-47a4-4a9a-8b7e-6f3c2b8d0e11'::UUID AS key,
         'wild'::ENUM('calm', 'wild') AS mood, '{"a": 1}'::JSON AS document, [i::HUGEINT, NULL] AS list,
         {'a': i::INTEGER, 'at': TIMESTAMP '2013-01-31 05:06:07'} AS nested, MAP {'x': i::DOUBLE} AS pairs
  FROM range(3) t(i)
  UNION ALL BY NAME SELECT 3::INTEGER AS id)sql";

class DeltaReaders : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* given = std::getenv("ANABRANCH_DELTA_CHECK");
    folder_ = given != nullptr ? io::Path(given) : temporary_.path();
    store_.emplace(io::local_file_system(), folder_);
    database_ = sql::Database::open({}).value();
    ASSERT_TRUE(sql::give_objects(*database_, *store_));
    session_.emplace(database_->connect().value());
  }
  DataFile write(const DeltaTable& table, const std::string& build_id, const Columns& columns,
                 const std::string& rows) {
    DataFile file{data_file_name(build_id, 0), 0, 0};
    const std::string key = table.data_file_key(file.path);
    const auto copied = session_->query(fmt::format("COPY ({}) TO {} (FORMAT parquet)",
                                                    select_for_parquet(columns, rows).value(),
                                                    sql::quote_literal(sql::object_url(key))));
    EXPECT_TRUE(copied) << copied.error().describe();
    file.rows = copied->integer(0, 0);
    file.size = store_->make_durable(key).value();
    return file;
  }

  test::TemporaryFolder temporary_;
  io::Path folder_;
  FixedClock clock_;
  std::optional<LocalStore> store_;
  std::unique_ptr<sql::Database> database_;
  std::optional<sql::Session> session_;
};

TEST_F(DeltaReaders, FindATableWithEveryType) {
  auto table = DeltaTable::open(*store_, "lake/gold/every_type", clock_).value();
  ASSERT_TRUE(table->replace({{"old", "VARCHAR"}},
                             {write(*table, "b0", {{"old", "VARCHAR"}}, "SELECT 'x' AS old")}, {"check", 0}));
  ASSERT_TRUE(table->replace(first_columns, {write(*table, "b1", first_columns, first_rows)}, {"check", 1}));
  // A column more, and most of them missing.
  const Columns more{{"id", "INTEGER"}, {"added", "VARCHAR"}};
  const auto committed =
      table->append(more, {write(*table, "b2", more, "SELECT 4 AS id, 'new' AS added")}, {"check", 2});
  ASSERT_TRUE(committed) << committed.error().describe();
  EXPECT_EQ(committed->version, 2);

  // What a reader should see, as text.
  const DeltaSnapshot snapshot = table->snapshot().value();
  ASSERT_EQ(snapshot.columns.size(), first_columns.size() + 1);
  std::string files;
  for (const DataFile& file : snapshot.files) {
    files +=
        (files.empty() ? "" : ", ") + sql::quote_literal(sql::object_url(table->data_file_key(file.path)));
  }
  nlohmann::ordered_json expected{{"version", snapshot.version}, {"rows", 5}};
  expected["schema"] = nlohmann::ordered_json::parse(snapshot.schema);
  const auto rows = session_->query(fmt::format(
      "SELECT * FROM ({}) ORDER BY id",
      select_from_parquet(snapshot.columns,
                          fmt::format("SELECT * FROM read_parquet([{}], union_by_name = true)", files))
          .value()));
  ASSERT_TRUE(rows) << rows.error().describe();
  ASSERT_EQ(rows->row_count(), 5u);
  std::string values;
  EXPECT_TRUE(rows->append_json(values, sql::Numbers::string));
  expected["values"] = nlohmann::ordered_json::parse(values);
  EXPECT_EQ(expected["values"][0][5], "99999999999999999999999999999999999999");
  EXPECT_EQ(expected["values"][4].back(), "new");
  ASSERT_TRUE(io::local_file_system().write_atomically(folder_ / "expected.json", expected.dump(2)));
}

// What the script does next: another program has appended a row and written a checkpoint.
TEST_F(DeltaReaders, MayWriteTheTableToo) {
  if (std::getenv("ANABRANCH_DELTA_APPENDED") == nullptr) GTEST_SKIP() << "delta_readers_check.py runs this";
  auto opened = DeltaTable::open(*store_, "lake/gold/every_type", clock_);
  ASSERT_TRUE(opened) << opened.error().describe();
  DeltaTable& table = **opened;
  const DeltaSnapshot snapshot = table.snapshot().value();
  EXPECT_EQ(snapshot.version, 3);
  ASSERT_EQ(snapshot.files.size(), 3u);
  EXPECT_EQ(snapshot.files.back().rows, 1);
  const std::string theirs = sql::object_url(table.data_file_key(snapshot.files.back().path));
  const auto rows =
      session_->query(fmt::format("SELECT id, added FROM read_parquet({})", sql::quote_literal(theirs)));
  ASSERT_TRUE(rows) << rows.error().describe();
  EXPECT_EQ(rows->integer(0, 0), 9);
  const Columns columns{{"id", "INTEGER"}};
  const auto replaced =
      table.replace(columns, {write(table, "b3", columns, "SELECT 10 AS id")}, {"check", 3});
  ASSERT_TRUE(replaced) << replaced.error().describe();
  EXPECT_EQ(replaced->version, 4);

  // A log that begins at a checkpoint of ours, two commits before its end.
  for (int64_t write = 4; write <= 16; ++write) {
    clock_.now += 1'000'000;
    const std::string rows_sql = fmt::format("SELECT {} AS id", 10 * write);
    ASSERT_TRUE(table.append(columns, {this->write(table, fmt::format("c{}", write), columns, rows_sql)},
                             {"check", write}));
    if (write > 14) continue;
    ASSERT_TRUE(table.tidy({.removed_after_ms = INT64_MAX}));
  }
  EXPECT_FALSE(store_->get("lake/gold/every_type/_delta_log/" + delta_log_name(0)));
}

}  // namespace
}  // namespace anabranch::lake
