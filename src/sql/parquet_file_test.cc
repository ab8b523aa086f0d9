#include "sql/parquet_file.h"

#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sql/parquet_relation.h"
#include "sql/syntax.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::sql {
namespace {

class ParquetFile : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = Database::open({.threads = 4}).value();
    session_.emplace(database_->connect().value());
  }
  std::string json(const std::string& select) {
    const auto rows = session_->query(select);
    if (!rows) return rows.error().describe();
    std::string text;
    EXPECT_TRUE(rows->append_json(text, Numbers::number));
    return text;
  }
  int64_t write(const std::string& select, const std::string& file) {
    const auto rows = write_parquet(*session_, select, file);
    EXPECT_TRUE(rows) << rows.error().describe();
    return rows.value_or(-1);
  }
  std::string file(const std::string& name) const { return (folder_ / name).string(); }

  test::TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
  std::optional<Session> session_;
};

TEST_F(ParquetFile, APathHasNoMeaning) {
  int number = 0;
  for (const char* name : {"id=99", "a[1]", "what?", "all*", "[", "]", "[!a]", "**", "{a,b}", "it's", "%20",
                           "a b", "year=2013/id=7", "[[]", "$x", "ü"}) {
    SCOPED_TRACE(name);
    const io::Path folder = folder_ / name;
    std::filesystem::create_directories(folder);
    const std::string parquet = (folder / "x[1]?.parquet").string();
    const std::string text = (folder / "id=3*.csv").string();
    ASSERT_EQ(write(fmt::format("SELECT {} AS id, 1 AS a", ++number), parquet), 1);
    std::ofstream(text) << "id,a\n" << number << ",1\n";
    const std::string expected = fmt::format("[[{},1]]", number);
    EXPECT_EQ(json("SELECT * FROM " + read_files("read_parquet", {parquet})), expected);
    EXPECT_EQ(json("SELECT * FROM " + read_files("read_csv", {text}, "header = true")), expected);
    EXPECT_EQ(
        json("SELECT id, a FROM " + parquet_relation({parquet}, {{"id", "INTEGER"}, {"a", "BIGINT"}}, "")),
        expected);
    EXPECT_EQ(json("SELECT number, id FROM " + table_file_relation(parquet, {{"id", "INTEGER"}}, "number")),
              fmt::format("[[0,{}]]", number));
    // An engine that may see this folder only reads it by the same words.
    const auto locked = Database::open({.has_external_access = false, .allowed_folders = {folder}}).value();
    auto session = locked->connect().value();
    const auto rows = session.query("SELECT id FROM " + read_files("read_parquet", {parquet}));
    ASSERT_TRUE(rows) << rows.error().describe();
    EXPECT_EQ(rows->integer(0, 0), number);
    EXPECT_FALSE(session.query("SELECT * FROM " + read_files("read_csv", {"/etc/passwd"})));
  }
}

// A pattern would read the wrong file here.
TEST_F(ParquetFile, NoOtherFileIsMeant) {
  for (const char* name : {"a[1]", "a1", "b?", "bc", "c*", "cd"}) {
    std::filesystem::create_directories(folder_ / name);
    write(fmt::format("SELECT {} AS name", quote_literal(name)), (folder_ / name / "x").string());
  }
  for (const char* name : {"a[1]", "b?", "c*"}) {
    EXPECT_EQ(json("SELECT name FROM " + read_files("read_parquet", {(folder_ / name / "x").string()})),
              fmt::format("[[\"{}\"]]", name));
  }
  EXPECT_FALSE(
      session_->query("SELECT name FROM " + read_files("read_parquet", {(folder_ / "?1" / "x").string()})));
}

TEST_F(ParquetFile, NumbersRowsWhateverTheColumnsAreCalled) {
  // Larger than a row group, so that several threads read it.
  for (const char* name : {"a", "file_row_number", "FILE_ROW_NUMBER", "filename", "_row"}) {
    SCOPED_TRACE(name);
    write(fmt::format("SELECT 7 - i AS \"{}\", i AS place FROM range(300000) t(i)", name), file("x"));
    const std::vector<model::RelationColumn> columns{{name, "BIGINT"}, {"place", "BIGINT"}};
    for (const char* order : {"true", "false"}) {
      ASSERT_TRUE(session_->run(fmt::format("SET preserve_insertion_order = {}", order)));
      EXPECT_EQ(
          json(fmt::format("SELECT count(*), count(*) FILTER ({0} = place), count(*) FILTER (\"{1}\" = 7 - "
                           "place) FROM {2} WHERE {0} >= 10 AND {0} < 290000",
                           row_number_column, name, read_numbered(file("x"), columns))),
          "[[289990,289990,289990]]");
    }
    EXPECT_EQ(json(fmt::format("SELECT typeof({}) FROM {} LIMIT 1", row_number_column,
                               read_numbered(file("x"), columns))),
              R"([["BIGINT"]])");
  }
}

// Values that an equal one may not stand for, and that a filter over the file must find.
TEST_F(ParquetFile, ZerosAndBlobsAreKeptAndFound) {
  const std::string zeros =
      "SELECT CASE WHEN i % 2 = 0 THEN 0 ELSE '-0.0'::DOUBLE END AS x, CASE WHEN i % 3 = 0 THEN "
      "'-0.0'::FLOAT "
      "ELSE 0 END AS f, [x, NULL, f::DOUBLE] AS l, {'a': [MAP {'k': x}]} AS s, [x, 1]::DOUBLE[2] AS fixed, "
      "CASE WHEN i % 5 = 0 THEN '\\xFF' ELSE '\\x00\\xFE' END::BLOB AS b, i FROM range(3000) t(i)";
  const std::vector<model::RelationColumn> columns = session_->describe(zeros).value();
  // Dictionaries are made where the values are few.
  ASSERT_EQ(write(zeros, file("rewritten")), 3000);
  ASSERT_TRUE(session_->run(copy_to_parquet(zeros, columns, file("plain"), "ROW_GROUP_SIZE 2048")));
  for (const char* name : {"rewritten", "plain"}) {
    SCOPED_TRACE(name);
    const std::string from = read_files("read_parquet", {file(name)});
    EXPECT_EQ(json("SELECT count(*) FROM (SELECT COLUMNS(*)::VARCHAR FROM " + from +
                   " EXCEPT ALL SELECT COLUMNS(*)::VARCHAR FROM (" + zeros + "))"),
              "[[0]]");
    EXPECT_EQ(json("SELECT 1 / x, count(*) FROM " + from + " GROUP BY ALL ORDER BY ALL"),
              R"([["-Infinity",1500],["Infinity",1500]])");
    for (const char* condition : {"x = 0", "x = -0.0::DOUBLE", "f = 0", "x <= 0 AND x >= 0", "x IN (0, 1)",
                                  "l[1] = 0", "fixed[1] = 0", "s.a[1]['k'] = '-0.0'::DOUBLE"}) {
      EXPECT_EQ(json(fmt::format("SELECT count(*) FROM {} WHERE {}", from, condition)), "[[3000]]")
          << condition;
    }
    EXPECT_EQ(json("SELECT count(*) FROM " + from + " WHERE b = '\\xFF'::BLOB"), "[[600]]");
    EXPECT_EQ(json("SELECT count(*) FROM " + from + " WHERE b IN ('\\x00\\xFE'::BLOB, '\\x01')"), "[[2400]]");
    EXPECT_EQ(json("SELECT count(*) FROM " + from + " WHERE b > '\\xFE'::BLOB"), "[[600]]");
  }
}

// Where there are dictionaries the engine would add Bloom filters.
TEST_F(ParquetFile, NoBloomFilterHidesAValue) {
  write(
      "SELECT CASE WHEN i % 5 = 0 THEN '\\xFF' ELSE '\\x00\\xFE' END::BLOB AS b, (i % 3)::DOUBLE AS x, 't' "
      "|| i % 7 "
      "AS t FROM range(3000) t(i)",
      file("x"));
  const std::string from = " FROM " + read_files("read_parquet", {file("x")});
  EXPECT_EQ(json("SELECT count(*)" + from + " WHERE b = '\\xFF'::BLOB"), "[[600]]");
  EXPECT_EQ(json("SELECT count(*)" + from + " WHERE x = '-0.0'::DOUBLE"), "[[1000]]");
  EXPECT_EQ(json(fmt::format("SELECT count(bloom_filter_offset), bool_and(encodings LIKE '%DICT%') FROM "
                             "parquet_metadata({})",
                             quote_literal(file("x")))),
            "[[0,true]]");
}

TEST_F(ParquetFile, DictionariesAreMadeWhereNothingIsLostByThem) {
  const auto encodings = [&](const char* name) {
    return json(
        fmt::format("SELECT path_in_schema, encodings LIKE '%DICT%' FROM parquet_metadata({}) ORDER BY ALL",
                    quote_literal(file(name))));
  };
  write("SELECT 'text ' || i % 3 AS t, i % 5 / 2 AS x FROM range(5000) t(i)", file("without"));
  EXPECT_EQ(encodings("without"), R"([["t",true],["x",true]])");
  write("SELECT 'text ' || i % 3 AS t, i % 5 / -2 AS x FROM range(5000) t(i)", file("with"));
  EXPECT_EQ(encodings("with"), R"([["t",false],["x",false]])");
  // Names of the select may be the same, and a comment may end it.
  EXPECT_EQ(write("SELECT 1.5::DOUBLE AS a, 2 AS \"A\" -- done", file("names")), 1);
  EXPECT_EQ(json("SELECT * FROM " + read_files("read_parquet", {file("names")})), "[[1.5,2]]");
}

}  // namespace
}  // namespace anabranch::sql
