#include "connect/sqlite/sqlite_table.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "ingest/table_source_contract.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::connect {
namespace {

using ingest::TableColumn;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class SqliteTableTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(sqlite3_open(path_.c_str(), &database_), SQLITE_OK); }
  void TearDown() override { sqlite3_close(database_); }
  void run(const std::string& sql) {
    char* message = nullptr;
    ASSERT_EQ(sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK)
        << message << ": " << sql;
  }
  std::unique_ptr<ingest::TableSource> source(const std::string& table,
                                              const std::vector<TableColumn>& declared = {}) {
    return std::move(sqlite_tables({job_of(table, declared)}).value().front());
  }
  ingest::TableCopyJob job_of(const std::string& table, const std::vector<TableColumn>& declared = {}) {
    ingest::TableCopyJob job;
    job.kind = "sqlite";
    job.paths = {path_.string()};
    job.shown = {"shop.db"};
    job.source_table = table;
    for (const TableColumn& column : declared)
      job.columns.push_back({column.name, column.from, column.type ? column.type->to_sql() : ""});
    return job;
  }
  std::string copied(const std::string& table, const std::vector<TableColumn>& declared = {}) {
    return ingest::copied_from(*source(table, declared));
  }

  test::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_ / "shop.db";
  sqlite3* database_ = nullptr;
};

std::string literal(const std::optional<std::string>& value, bool is_text) {
  if (!value) return "NULL";
  if (!is_text) return *value;
  std::string out = "'";
  for (const char c : *value) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

TEST_F(SqliteTableTest, KeepsTheContract) {
  ingest::check_table_source_contract({[&](const auto& rows, const auto& declared) {
    run("DROP TABLE IF EXISTS t; CREATE TABLE t (id INTEGER, name TEXT, amount REAL); BEGIN");
    for (const auto& row : rows)
      run(fmt::format("INSERT INTO t VALUES ({}, {}, {})", literal(row[0], false), literal(row[1], true),
                      literal(row[2], false)));
    run("COMMIT");
    return source("t", declared);
  }});
}

TEST_F(SqliteTableTest, TypesAreThoseOfTheDeclarations) {
  run("CREATE TABLE t (a INT, b UNSIGNED BIG INT, c VARCHAR(3), d NCHAR(5), e CLOB, f BLOB, g REAL, h DOUBLE "
      "PRECISION, "
      "i FLOAT); INSERT INTO t VALUES (1, 2, 'longer', 'd', 'e', x'00ff', 1, 2.5, 3)");
  EXPECT_EQ(copied("t"),
            "a BIGINT, b BIGINT, c VARCHAR, d VARCHAR, e VARCHAR, f BLOB, g DOUBLE, h DOUBLE, i DOUBLE: "
            R"([[1,2,"longer","d","e","AP8=",1,2.5,3]])");
}

TEST_F(SqliteTableTest, WhereNothingIsDeclaredTypesAreFound) {
  run("CREATE TABLE t (price DECIMAL(10,2), on_day DATE, at DATETIME, x, b, mixed); "
      "INSERT INTO t VALUES (1.25, '2024-02-29', '2024-02-29 10:00:00', 1, x'01', 'a'), (3, NULL, NULL, 2, "
      "NULL, 1)");
  EXPECT_EQ(copied("t"),
            "price DECIMAL(18,2), on_day DATE, at TIMESTAMP, x BIGINT, b BLOB, mixed VARCHAR: "
            R"([[1.25,"2024-02-29","2024-02-29T10:00:00",1,"AQ==","a"],[3.00,null,null,2,null,"1"]])");
}

TEST_F(SqliteTableTest, AStrictTableIsTheSame) {
  run("CREATE TABLE t (a INTEGER, b TEXT, c REAL, d BLOB, e ANY) STRICT; INSERT INTO t VALUES (1, 'x', 0.1, "
      "x'', 7)");
  EXPECT_EQ(copied("t"), R"(a BIGINT, b VARCHAR, c DOUBLE, d BLOB, e BIGINT: [[1,"x",0.1,"",7]])");
}

TEST_F(SqliteTableTest, WhatDoesNotFitItsColumnIsRefusedWithItsRow) {
  run("CREATE TABLE t (a INTEGER, b BLOB, c TEXT); INSERT INTO t VALUES (1, x'01', 'x'), ('none', x'02', "
      "'y')");
  EXPECT_THAT(copied("t"), AllOf(StartsWith("bad_input: table t: shop.db: t: row 2: column a: "),
                                 HasSubstr("'none'"), HasSubstr("columns: {a: varchar}")));
  EXPECT_THAT(copied("t", {{"a", "", model::Type::parse("VARCHAR").value()}}), HasSubstr(R"(["none",)"));
  run("UPDATE t SET a = 2, c = x'ff00'");
  EXPECT_THAT(copied("t"), HasSubstr("row 1: column c: 2 bytes of a BLOB do not fit VARCHAR"));
  run("UPDATE t SET c = CAST(x'ff' AS TEXT)");
  EXPECT_THAT(copied("t"), HasSubstr("column c: its text is not UTF-8"));
  run("UPDATE t SET a = 1.5, c = ''");
  EXPECT_THAT(copied("t"), HasSubstr("column a: "));
}

TEST_F(SqliteTableTest, ViewsAndOddNamesAreRead) {
  run("CREATE TABLE \"a \"\"b\" (\"x y\" INTEGER); INSERT INTO \"a \"\"b\" VALUES (5); "
      "CREATE VIEW v AS SELECT \"x y\" + 1 AS z FROM \"a \"\"b\"");
  EXPECT_EQ(copied("a \"b", {{"xy", "x y", std::nullopt}}), "xy BIGINT: [[5]]");
  EXPECT_EQ(copied("v"), "z BIGINT: [[6]]");
  EXPECT_THAT(copied("a \"b"), HasSubstr("give it another one in the source"));
}

TEST_F(SqliteTableTest, RowsComeInTheOrderOfTheTableNotOfAnIndex) {
  run("CREATE TABLE t (a INTEGER); CREATE INDEX by_a ON t (a); INSERT INTO t VALUES (3), (1), (2)");
  EXPECT_EQ(copied("t"), "a BIGINT: [[3],[1],[2]]");
  run("CREATE TABLE w (a TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID; INSERT INTO w VALUES ('b', 1), ('a', "
      "2)");
  EXPECT_EQ(copied("w"), R"(a VARCHAR, n BIGINT: [["a",2],["b",1]])");
}

TEST_F(SqliteTableTest, WhatIsWrongIsSaid) {
  run("CREATE TABLE customers (a INTEGER)");
  EXPECT_THAT(copied("customer"), AllOf(StartsWith("bad_input: "), HasSubstr("shop.db has no table customer"),
                                        HasSubstr("did you mean 'customers'?")));
  sqlite3_close(database_);
  database_ = nullptr;
  std::ofstream(path_, std::ios::binary) << std::string(4096, 'x');
  EXPECT_THAT(copied("customers"), HasSubstr("shop.db is no SQLite database"));
}

TEST_F(SqliteTableTest, ACopyIsOfOneMoment) {
  run("PRAGMA journal_mode = wal; CREATE TABLE t (a); INSERT INTO t VALUES (1)");
  const auto from = source("t");
  const auto database = sql::Database::open({}).value();
  auto session = database->connect().value();
  const auto rows = from->open(*database, session).value();  // has looked at all values
  run("UPDATE t SET a = 'x'; INSERT INTO t VALUES (2)");
  EXPECT_EQ(session.query(rows.select).value().integer(0, 0), 1);
}

TEST_F(SqliteTableTest, TablesThatAreCopiedTogetherAreOfOneMoment) {
  run("PRAGMA journal_mode = wal; CREATE TABLE orders (id INTEGER); CREATE TABLE lines (of INTEGER); "
      "INSERT INTO orders VALUES (1); INSERT INTO lines VALUES (1)");
  const auto tables = sqlite_tables({job_of("lines"), job_of("orders"), job_of("lines")}).value();
  EXPECT_EQ(ingest::copied_from(*tables[0]), "of BIGINT: [[1]]");
  run("BEGIN; INSERT INTO orders VALUES (2); INSERT INTO lines VALUES (2); COMMIT; CREATE TABLE later (a)");
  EXPECT_EQ(ingest::copied_from(*tables[1]), "id BIGINT: [[1]]");
  EXPECT_EQ(ingest::copied_from(*tables[2]), "of BIGINT: [[1]]");
  EXPECT_EQ(copied("orders"), "id BIGINT: [[1],[2]]") << "the next copy sees it";
}

}  // namespace
}  // namespace anabranch::connect
