#include "ingest/table_copy.h"

#include <fstream>
#include <functional>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "ingest/file_table.h"
#include "ingest/text_type.h"
#include "lake/type_mapping.h"
#include "sql/parquet_file.h"
#include "sql/syntax.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::ingest {
namespace {

using Columns = std::vector<TableCopyJob::Column>;

std::string gzipped(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(text.size() + 1024, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

std::string utf16(const std::string& text, bool has_mark) {
  std::string out = has_mark ? "\xff\xfe" : "";
  for (const char c : text) out += {c, '\0'};
  return out;
}

Result<TableCopyResult> copy(const TableCopyJob& job) {
  const auto source = TRY(file_table(job));
  return copy_table(job, *source);
}

class TableCopy : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }
  TableCopyJob job(const std::vector<std::string>& files, Columns columns = {}) const {
    TableCopyJob job;
    job.table = "t";
    job.root = folder_.path().string();
    for (const std::string& file : files) job.paths.push_back((folder_ / file).string());
    const std::string& first = files.front();
    job.format = first.find(".csv") != std::string::npos    ? "csv"
                 : first.find(".json") != std::string::npos ? "json"
                                                            : "parquet";
    job.columns = std::move(columns);
    job.target = (folder_ / "copied").string();
    return job;
  }
  // "a BIGINT, b VARCHAR: [[1,"x"]]", or what is wrong.
  std::string copied(const TableCopyJob& job) {
    const auto result = copy(job);
    if (!result) {
      EXPECT_FALSE(std::filesystem::exists(job.target)) << "a failure leaves no file";
      EXPECT_FALSE(std::filesystem::exists(job.target + ".tmp")) << "a failure leaves no file";
      return fmt::format("{}: {}", to_string(result.error().code), result.error().describe());
    }
    std::string text;
    for (const auto& column : result->columns)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", column.name, column.type);
    const auto database = sql::Database::open({}).value();
    auto session = database->connect().value();
    const std::string back =
        lake::select_from_parquet(result->columns,
                                  "SELECT * FROM " + sql::read_files("read_parquet", {job.target}))
            .value();
    const auto rows = session.query(back).value();
    EXPECT_EQ(static_cast<int64_t>(rows.row_count()), result->rows);
    text += ": ";
    EXPECT_TRUE(rows.append_json(text, sql::Numbers::number));
    std::filesystem::remove(job.target);
    return text;
  }
  std::string copied_csv(const std::string& text, Columns columns = {}, const std::string& null_text = "") {
    write("a.csv", text);
    TableCopyJob of = job({"a.csv"}, std::move(columns));
    of.null_text = null_text;
    return copied(of);
  }
  std::string copied_json(const std::string& text, Columns columns = {}) {
    write("a.json", text);
    return copied(job({"a.json"}, std::move(columns)));
  }
  static std::string hint_of(const std::string& shown) { return shown.substr(shown.rfind(" (") + 2); }

  test::TemporaryFolder folder_;
};

// ---- types that are found ----

TEST_F(TableCopy, WhatIsFoundKeepsEveryDigitAndIsNoGuess) {
  const std::vector<std::tuple<const char*, const char*, const char*>> cases = {
      {"1,-22,0", "BIGINT", "[1],[-22],[0]"},
      {"9223372036854775807", "BIGINT", "[9223372036854775807]"},
      {"12345678901234567890,1", "HUGEINT", "[12345678901234567890],[1]"},
      {"123456789012345678901234567890123456789", "VARCHAR", "[\"123456789012345678901234567890123456789\"]"},
      {"007,1", "VARCHAR", "[\"007\"],[\"1\"]"},
      {"12E5,13E5", "VARCHAR", "[\"12E5\"],[\"13E5\"]"},
      {"1e-05,2.5E3,1", "DOUBLE", "[1e-05],[2500],[1]"},
      {"12.30,5,0.005", "DECIMAL(18,3)", "[12.300],[5.000],[0.005]"},
      {"1234567890123456.789", "DECIMAL(38,3)", "[1234567890123456.789]"},
      {"-73.97796630859375000,1.5", "DOUBLE", "[-73.97796630859375],[1.5]"},
      {"0.123456789012345678901", "DECIMAL(38,21)", "[0.123456789012345678901]"},
      {"0.1234567890123456789012345678901234567890", "VARCHAR",
       "[\"0.1234567890123456789012345678901234567890\"]"},
      {"no,yes", "VARCHAR", "[\"no\"],[\"yes\"]"},
      {"Nan,1", "VARCHAR", "[\"Nan\"],[\"1\"]"},
      {"nan,inf", "VARCHAR", "[\"nan\"],[\"inf\"]"},
      {"true,false", "BOOLEAN", "[true],[false]"},
      {"True,false", "VARCHAR", "[\"True\"],[\"false\"]"},
      {"true,1", "VARCHAR", "[\"true\"],[\"1\"]"},
      {"03/04/2024", "VARCHAR", "[\"03/04/2024\"]"},
      {"2024-04-03", "DATE", "[\"2024-04-03\"]"},
      {"2024-04-03,2024-02-30", "VARCHAR", "[\"2024-04-03\"],[\"2024-02-30\"]"},
      {"2024-04-03,2024-04-03 10:00:00", "VARCHAR", "[\"2024-04-03\"],[\"2024-04-03 10:00:00\"]"},
      {"2024-04-03T10:00:00.5", "TIMESTAMP", "[\"2024-04-03T10:00:00.5\"]"},
      {"2024-04-03T10:00:00+02:00", "TIMESTAMP WITH TIME ZONE", "[\"2024-04-03T08:00:00Z\"]"},
      {"2024-04-03T10:00:00Z,2024-04-03T10:00:00", "VARCHAR",
       "[\"2024-04-03T10:00:00Z\"],[\"2024-04-03T10:00:00\"]"},
      {"10:00:00", "TIME", "[\"10:00:00\"]"},
      {"10:00", "VARCHAR", "[\"10:00\"]"},
      {",", "VARCHAR", "[null],[null]"},
  };
  for (const auto& [texts, type, rows] : cases) {
    SCOPED_TRACE(texts);
    std::string file = "x\n";
    for (const char c : std::string(texts)) file += c == ',' ? '\n' : c;
    EXPECT_EQ(copied_csv(file + "\n"), fmt::format("x {}: [{}]", type, rows));
  }
}

TEST_F(TableCopy, TypesAreFoundInAllRowsOfAllFiles) {
  std::string many = "id,code\n";
  for (int i = 0; i < 100'000; ++i) many += "1,2\n";
  write("a.csv", many);
  write("b.csv", many + "1,A2\n");
  const auto result = copy(job({"a.csv", "b.csv"}));
  ASSERT_TRUE(result) << result.error().describe();
  EXPECT_EQ(result->rows, 200'001);
  EXPECT_EQ(result->columns, (std::vector<model::RelationColumn>{{"id", "BIGINT"}, {"code", "VARCHAR"}}));
}

// ---- one definition of what fits ----

TEST_F(TableCopy, DeclaredTypesTakeWhatFitsWithoutLoss) {
  EXPECT_EQ(
      copied_csv("a,b,c,d\n5.0,1.20,2024-04-03T00:00:00Z,1e2\n",
                 {{"a", "", "INTEGER"}, {"b", "", "DECIMAL(4,2)"}, {"c", "", "DATE"}, {"d", "", "BIGINT"}}),
      "a INTEGER, b DECIMAL(4,2), c DATE, d BIGINT: [[5,1.20,\"2024-04-03\",100]]");
  EXPECT_EQ(copied_csv("n,a\nx,1\ny,12.7\n", {{"a", "", "INTEGER"}}),
            "bad_input: table t: a.csv:3:2: column a: 12.7 does not fit INTEGER without loss");
  EXPECT_EQ(
      copied_csv("a\n1.239\n", {{"a", "", "DECIMAL(6,2)"}}),
      "bad_input: table t: a.csv:2:1: column a: 1.239 does not fit DECIMAL(6,2) without loss (at most 2 "
      "digits after the point)");
  EXPECT_EQ(
      copied_csv("a\n2024-04-03 10:00:00\n", {{"a", "", "DATE"}}),
      "bad_input: table t: a.csv:2:1: column a: \"2024-04-03 10:00:00\" does not fit DATE: a date has no "
      "time of day");
  EXPECT_EQ(copied_csv("a\nno\n", {{"a", "", "BOOLEAN"}}),
            "bad_input: table t: a.csv:2:1: column a: 'no' is not a boolean; BOOLEAN takes true or false");
}

TEST_F(TableCopy, SomeColumnsMayBeDeclaredAndRenamed) {
  EXPECT_EQ(copied_csv("id,First Name,price\n1,Ann,2.50\n",
                       {{"first_name", "First Name", ""}, {"id", "", "VARCHAR"}}),
            "id VARCHAR, first_name VARCHAR, price DECIMAL(18,2): [[\"1\",\"Ann\",2.50]]");
  EXPECT_EQ(
      copied_csv("id,First Name\n1,Ann\n"),
      "bad_input: table t: the column \"First Name\": a column's name has no space and none of ,;{}()= in "
      "it (give it another one in the source, as in columns: {new_name: {from: 'First Name'}})");
  const std::string nameless = copied_json("{\"\":0}\n");
  EXPECT_TRUE(nameless.starts_with("bad_input: table t: the column \"\": a column's name ")) << nameless;
  EXPECT_EQ(copied_csv("id,price\n1,2\n", {{"prcie", "", "DOUBLE"}}),
            "bad_input: table t: no file has the column prcie (did you mean 'price'?)");
}

// ---- shapes of CSV ----

TEST_F(TableCopy, NoRowIsShiftedOrLost) {
  EXPECT_EQ(
      copied_csv("a,b\n1,2,3\n4,5,6\n"),
      "bad_input: table t: a.csv:2: 3 fields between ',', but the header has 2: 1 (quote fields that hold "
      "the delimiter, name every column in the header, remove lines above it, or state csv: {delimiter: "
      "…})");
  EXPECT_TRUE(copied_csv("a,b\n1,2\n4,5,6\n").starts_with("bad_input: table t: a.csv:3: 3 fields"));
  EXPECT_TRUE(copied_csv("a,b,c\n1,2,3\n4,5\n").starts_with("bad_input: table t: a.csv:3: 2 fields"));
  EXPECT_TRUE(
      copied_csv("Sales of May\n\na,b,c\n1,2,3\n").starts_with("bad_input: table t: a.csv:3: 3 fields"));
  EXPECT_TRUE(copied_csv("a,b\n\"x\ny\",2\n1\n").starts_with("bad_input: table t: a.csv:4: 1 field "));
  EXPECT_TRUE(
      copied_csv("a,b\n\"x,2\n1,2\n").starts_with("bad_input: table t: a.csv:2: a quoted field is not"));
}

TEST_F(TableCopy, TheFirstLineHoldsTheNames) {
  EXPECT_EQ(copied_csv("id,n\n"), "id VARCHAR, n VARCHAR: []");
  EXPECT_EQ(copied_csv(",n\n1,x\n"), "column0 BIGINT, n VARCHAR: [[1,\"x\"]]");
  EXPECT_TRUE(
      copied_csv("n,n\n1,x\n").starts_with("bad_input: table t: a.csv:1:2: the name n stands there twice"));
  EXPECT_TRUE(copied_csv("n,N\n1,x\n").starts_with("bad_input: table t: the columns n and N are one to SQL"));
  EXPECT_EQ(copied_csv(""),
            "bad_input: table t: a.csv: the file is empty (its first line names the columns)");
  EXPECT_EQ(copied_csv("UA,5\nAA,6\n"),
            "bad_input: table t: a.csv:1:2: 5 stands where the name of a column is expected (say whether the "
            "first line holds the names, with csv: {header: true} or false)");
  TableCopyJob said = job({"a.csv"});
  said.has_header = true;
  EXPECT_EQ(copied(said), "UA VARCHAR, 5 BIGINT: [[\"AA\",6]]");
  said.has_header = false;
  EXPECT_EQ(copied(said), "column0 VARCHAR, column1 BIGINT: [[\"UA\",5],[\"AA\",6]]");
  said.columns = {{"column1", "", "TINYINT"}};
  EXPECT_EQ(copied(said), "column0 VARCHAR, column1 TINYINT: [[\"UA\",5],[\"AA\",6]]");
  said.columns = {{"carrier", "", ""}, {"flights", "", "INTEGER"}};
  EXPECT_EQ(copied(said), "carrier VARCHAR, flights INTEGER: [[\"UA\",5],[\"AA\",6]]");
  said.columns.pop_back();
  EXPECT_TRUE(copied(said).starts_with("bad_input: table t: a.csv:1: 2 fields, but columns: names 1"));
}

TEST_F(TableCopy, TheDelimiterIsTheOneThatTheFirstLineHasMostOf) {
  EXPECT_EQ(copied_csv("a;b\n1,5;2\n"), "a VARCHAR, b BIGINT: [[\"1,5\",2]]");
  EXPECT_EQ(copied_csv("a\tb\n1\t2\n"), "a BIGINT, b BIGINT: [[1,2]]");
  EXPECT_EQ(copied_csv("a|b|c\n1|2|\"|\"\n"), "a BIGINT, b BIGINT, c VARCHAR: [[1,2,\"|\"]]");
  EXPECT_EQ(copied_csv("\"x;y;z\",b\n1,2\n", {{"x", "x;y;z", ""}}), "x BIGINT, b BIGINT: [[1,2]]");
}

TEST_F(TableCopy, FilesMayHaveDifferentColumns) {
  write("a.csv", "id,n\n1,x\n");
  write("b.csv", "n,extra,id\ny,2.5,2\n");
  write("c.csv", "id\n3\n");
  EXPECT_EQ(copied(job({"a.csv", "b.csv", "c.csv"})),
            "id BIGINT, n VARCHAR, extra DECIMAL(18,1): [[1,\"x\",null],[2,\"y\",2.5],[3,null,null]]");
  TableCopyJob bare = job({"a.csv", "b.csv"});
  bare.has_header = false;
  EXPECT_TRUE(copied(bare).starts_with("bad_input: table t: b.csv:1: 3 fields, but the files before have 2"));
}

TEST_F(TableCopy, LineEndsAndEncodings) {
  EXPECT_EQ(copied_csv("a,b\r\n1,x\n2,\"y\r\nz\"\r\n\n3,w"),
            "a BIGINT, b VARCHAR: [[1,\"x\"],[2,\"y\\r\\nz\"],[3,\"w\"]]");
  EXPECT_TRUE(
      copied_csv("a,b\r1,x\r").starts_with("bad_input: table t: a.csv:1:2: a carriage return in the mid"));
  EXPECT_TRUE(
      copied_csv("a\n1\r2\n").starts_with("bad_input: table t: a.csv:2:1: a carriage return in the mid"));
  EXPECT_EQ(copied_csv("\xef\xbb\xbf"
                       "a\n1\n"),
            "a BIGINT: [[1]]");
  for (const bool has_mark : {true, false}) {
    EXPECT_EQ(copied_csv(utf16("a,b\n1,2\n", has_mark)),
              "bad_input: table t: a.csv: the text is UTF-16 and not UTF-8 (convert it, as with "
              "iconv -f UTF-16 -t UTF-8)");
  }
  EXPECT_EQ(copied_csv("a,b\n1,caf\xe9\n"),
            "bad_input: table t: a.csv:2: the text is not UTF-8: 1,caf? (it may be Latin-1 or Windows-1252: "
            "convert it, as with iconv -f WINDOWS-1252 -t UTF-8)");
}

TEST_F(TableCopy, PackedFilesAreReadToTheirEnd) {
  std::string text = "a,b\n";
  for (int64_t i = 0; i < 300'000; ++i) text += fmt::format("{},x{}\n", i, i * 7919 % 1'000'003);
  const std::string packed = gzipped(text);
  write("a.csv.gz", packed);
  write("b.csv.gz", gzipped("a,b\n1,x\n") + gzipped("2,y\n"));
  write("c.csv.gz", packed.substr(0, packed.size() / 2));
  EXPECT_EQ(copy(job({"a.csv.gz"})).value().rows, 300'000);
  EXPECT_EQ(copied(job({"b.csv.gz"})), "a BIGINT, b VARCHAR: [[1,\"x\"],[2,\"y\"]]");
  std::filesystem::remove(folder_ / "copied");
  EXPECT_EQ(copied(job({"c.csv.gz"})),
            "bad_input: table t: c.csv.gz: the packed file breaks off (write or fetch it again)");

  // The engine writes Zstandard.
  const auto database = sql::Database::open({}).value();
  auto session = database->connect().value();
  const std::string file = (folder_ / "d.csv.zst").string();
  ASSERT_TRUE(session.run(
      fmt::format("COPY (SELECT i AS a, 'x' || hash(i) AS b FROM range(300000) r(i)) TO '{}' (FORMAT csv, "
                  "COMPRESSION zstd)",
                  file)));
  EXPECT_EQ(copy(job({"d.csv.zst"})).value().rows, 300'000);
  std::filesystem::remove(folder_ / "copied");
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  EXPECT_EQ(
      copied(job({"d.csv.zst"})),
      "bad_input: table t: d.csv.zst: the packed file breaks off or is damaged (write or fetch it again)");
}

// ---- NULL ----

TEST_F(TableCopy, NullIsTheEmptyFieldAndTheTextThatIsSaid) {
  EXPECT_EQ(copied_csv("a,b\nNA,\n\"NA\",\"\"\nx,y\n", {}, "NA"),
            "a VARCHAR, b VARCHAR: [[null,null],[\"NA\",\"\"],[\"x\",\"y\"]]");
  EXPECT_EQ(copied_csv("a,b\nNA,1\n5,NA\n,\n", {}, "NA"),
            "a BIGINT, b BIGINT: [[null,1],[5,null],[null,null]]");
  EXPECT_EQ(copied_csv("a\nNA\n"), "a VARCHAR: [[\"NA\"]]");
  EXPECT_EQ(copied_csv("a\n1\n\n2\n"), "a BIGINT: [[1],[null],[2]]") << "a blank line of one column is a row";
}

// ---- JSON ----

TEST_F(TableCopy, JsonKeepsEveryDigit) {
  EXPECT_EQ(copied_json(R"([{"a": 0.1234567890123456789}])", {{"a", "", "DECIMAL(38,19)"}}),
            "a DECIMAL(38,19): [[0.1234567890123456789]]");
  EXPECT_EQ(copied_json("{\"a\":12.30,\"b\":9007199254740993.25}\n{\"a\":4}\n"),
            "a DECIMAL(18,2), b DECIMAL(18,2): [[12.30,9007199254740993.25],[4.00,null]]");
  EXPECT_EQ(copied_json(R"({"a":18446744073709551617})"), "a HUGEINT: [[18446744073709551617]]");
  EXPECT_EQ(copied_json(R"({"a":1e400}{"a":1})"), "a JSON: [[\"1e400\"],[\"1\"]]");
  EXPECT_EQ(copied_json(R"({"a":1e400})", {{"a", "", "DOUBLE"}}),
            "bad_input: table t: a.json:1: field a: 1e400 is out of range for DOUBLE (up to 1.8e308)");
  EXPECT_EQ(copied_json("{\"a\":1}\n{\"a\":5.7}", {{"a", "", "INTEGER"}}),
            "bad_input: table t: a.json:2: field a: 5.7 does not fit INTEGER without loss");
  EXPECT_EQ(copied_json(R"({"a":"5"})", {{"a", "", "INTEGER"}}),
            "bad_input: table t: a.json:1: field a: \"5\" is a string; INTEGER takes a JSON number");
}

TEST_F(TableCopy, JsonOfEveryShapeHasATypeThatKeepsIt) {
  EXPECT_EQ(
      copied_json(
          "\n[{\"o\": {\"x\": 1}, \"l\": [1]},\n {\"o\": {\"y\": \"2024-04-03\"}, \"l\": [2.5, null]}]\n"),
      "o STRUCT(x BIGINT, y DATE), l DECIMAL(18,1)[]: [[{\"x\":1,\"y\":null},[1.0]],[{\"x\":null,\"y\":"
      "\"2024-04-03\"},[2.5,null]]]");
  EXPECT_EQ(copied_json(R"({"a":1,"b":[],"c":{}}{"a":"x","b":[[]],"c":null})"),
            "a JSON, b JSON[], c JSON: [[\"1\",[],\"{}\"],[\"\\\"x\\\"\",[\"[]\"],null]]");
  EXPECT_EQ(copied_json(R"({"a":{"x":1,"X":2}})"), "a JSON: [[\"{\\\"x\\\":1,\\\"X\\\":2}\"]]");
  EXPECT_EQ(copied_json(R"({"a":null,"b":true})"), "a VARCHAR, b BOOLEAN: [[null,true]]");
  EXPECT_EQ(copied_json(R"({"x":1,"x":2})").substr(0, 60),
            "bad_input: table t: a.json:1: field x: comes twice in the ev");
  EXPECT_EQ(copied_json("[]", {{"a", "", "DATE"}}), "a DATE: []");
}

TEST_F(TableCopy, JsonOfManyNamesIsNoMap) {
  std::string row = "{";
  for (int i = 0; i < 300; ++i) row += fmt::format("{}\"k{}\":{}", i ? "," : "", i, i);
  write("a.json", row + "}");
  const auto result = copy(job({"a.json"}));
  ASSERT_TRUE(result) << result.error().describe();
  ASSERT_EQ(result->columns.size(), 300u);
  EXPECT_EQ(result->columns[299], (model::RelationColumn{"k299", "BIGINT"}));
}

TEST_F(TableCopy, JsonTypesAreFoundInAllFiles) {
  std::vector<std::string> files;
  for (int i = 0; i < 40; ++i) {
    files.push_back(fmt::format("a{}.json", i));
    write(files.back(), i < 39 ? "{\"a\":1}" : "{\"a\":\"x\",\"late\":1}");
  }
  const auto result = copy(job(files));
  ASSERT_TRUE(result) << result.error().describe();
  EXPECT_EQ(result->rows, 40);
  EXPECT_EQ(result->columns, (std::vector<model::RelationColumn>{{"a", "JSON"}, {"late", "BIGINT"}}));
}

TEST_F(TableCopy, JsonThatBreaksOffOrIsNoneIsRefusedWithItsLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"[{\"a\":1},\n{\"a\":2}", "a.json:2: the array is not closed"},
      {"{\"a\":1}\n{\"a\":", "a.json:2: the file breaks off in this object"},
      {"[{\"a\":1},]", "a.json:1: a comma stands before the end of the array"},
      {"[{\"a\":1}]\n[", "a.json:2: the array has ended before ["},
      {"{\"a\":1}\n5\n", "a.json:2: 5  is no object"},
      {"[1]", "a.json:1: 1] is no object"},
      {"", "a.json: the file has no objects with names"},
      {"{\"a\":tru}", "a.json:1: field a: "},
  };
  for (const auto& [text, expected] : cases) {
    SCOPED_TRACE(text);
    const std::string shown = copied_json(text);
    EXPECT_TRUE(shown.starts_with(fmt::format("bad_input: table t: {}", expected))) << shown;
  }
  EXPECT_EQ(copied_json(R"({"price":1})", {{"prize", "", "DOUBLE"}}),
            "bad_input: table t: no file has the column prize (did you mean 'price'?)");
}

// ---- Parquet ----

class ParquetCopy : public TableCopy {
 protected:
  void write_parquet(const std::string& name, const std::string& select) {
    const auto database = sql::Database::open({}).value();
    auto session = database->connect().value();
    const auto rows = sql::write_parquet(session, select, (folder_ / name).string());
    ASSERT_TRUE(rows) << rows.error().describe();
  }
  std::string bytes_of(const std::string& name) const {
    std::ifstream stream(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
};

TEST_F(ParquetCopy, FilesOfDifferentTypesKeepEveryValue) {
  write_parquet("a.parquet", "SELECT 5::BIGINT AS x, 1::TINYINT AS y, 1.5::DECIMAL(3,1) AS z");
  write_parquet("b.parquet",
                "SELECT 0.5::DOUBLE AS x, 300::USMALLINT AS y, 0.125::DECIMAL(4,3) AS z, 'n' AS late");
  EXPECT_EQ(copied(job({"a.parquet", "b.parquet"})),
            "x DOUBLE, y INTEGER, z DECIMAL(5,3), late VARCHAR: [[5,1,1.500,null],[0.5,300,0.125,\"n\"]]");
  write_parquet("c.parquet", "SELECT unnest([1, 9007199254740993]) AS x");
  EXPECT_EQ(
      copied(job({"b.parquet", "c.parquet"})),
      "bad_input: table t: c.parquet: row 2: column x: 9007199254740993 does not fit DOUBLE without loss");
  write_parquet("d.parquet", "SELECT 'five' AS x");
  EXPECT_TRUE(
      copied(job({"a.parquet", "d.parquet"}))
          .starts_with("bad_input: table t: d.parquet: column x: is VARCHAR, in the files before BIGINT"));
}

TEST_F(ParquetCopy, DeclaredTypesTakeWhatFitsWithoutLoss) {
  write_parquet("a.parquet", "SELECT 5.0::DOUBLE AS n, 'x'::BLOB AS t, TIMESTAMP '2024-04-03 00:00:00' AS d");
  EXPECT_EQ(copied(job({"a.parquet"}, {{"n", "", "INTEGER"}, {"text", "t", "VARCHAR"}, {"d", "", "DATE"}})),
            "n INTEGER, text VARCHAR, d DATE: [[5,\"x\",\"2024-04-03\"]]");
  write_parquet("b.parquet", "SELECT 12.7::DOUBLE AS n");
  EXPECT_EQ(copied(job({"b.parquet"}, {{"n", "", "INTEGER"}})),
            "bad_input: table t: b.parquet: row 1: column n: 12.7 does not fit INTEGER without loss");
  EXPECT_EQ(copied(job({"b.parquet"}, {{"n", "", "DECIMAL(4,0)"}})),
            "bad_input: table t: b.parquet: row 1: column n: 12.7 does not fit DECIMAL(4,0) without loss");
  write_parquet("c.parquet", "SELECT TIMESTAMP '2024-04-03 10:00:00' AS d, 7 AS s");
  EXPECT_TRUE(copied(job({"c.parquet"}, {{"d", "", "DATE"}})).ends_with("does not fit DATE without loss"));
  EXPECT_TRUE(copied(job({"c.parquet"}, {{"s", "", "VARCHAR"}}))
                  .starts_with("bad_input: table t: c.parquet: column s: INTEGER does not fit VARCHAR"));
  EXPECT_EQ(copied(job({"c.parquet"}, {{"z", "", "VARCHAR"}})),
            "bad_input: table t: no file has the column z (columns: may name these: d, s)");
}

TEST_F(ParquetCopy, ANameIsNoPattern) {
  for (const char* name : {"f[1].parquet", "f1.parquet", "a*.parquet", "ab.parquet"})
    write_parquet(name, fmt::format("SELECT '{}' AS name", name));
  EXPECT_EQ(copied(job({"f[1].parquet"})), "name VARCHAR: [[\"f[1].parquet\"]]");
  EXPECT_EQ(copied(job({"a*.parquet"})), "name VARCHAR: [[\"a*.parquet\"]]");
}

TEST_F(ParquetCopy, WhatCannotBeReadIsRefusedByItsName) {
  write_parquet("a.parquet", "SELECT i, i * 0.37 AS x, 'text ' || hash(i) AS t FROM range(20000) r(i)");
  const std::string whole = bytes_of("a.parquet");
  write("b.parquet", whole.substr(0, whole.size() / 2));
  EXPECT_TRUE(copied(job({"a.parquet", "b.parquet"}))
                  .starts_with("bad_input: table t: b.parquet: cannot be read as Parquet: "));
  EXPECT_EQ(copied(job({"b.parquet"})).find(folder_.path().string()), std::string::npos);
  std::string damaged = whole;
  for (size_t at = 100; at < 3000; ++at) damaged[at] = static_cast<char>(damaged[at] ^ 0x5a);
  write("c.parquet", damaged);
  EXPECT_TRUE(copied(job({"a.parquet", "c.parquet"}))
                  .starts_with("bad_input: table t: c.parquet: cannot be read to its end: "));
  // And where values are looked at before.
  write_parquet("d.parquet", "SELECT (i % 9)::DECIMAL(9,2) AS d, hash(i) AS h FROM range(20000) r(i)");
  damaged = bytes_of("d.parquet");
  for (size_t at = 4; at < 100; ++at) damaged[at] = static_cast<char>(damaged[at] ^ 0x5a);
  write("d.parquet", damaged);
  EXPECT_TRUE(
      copied(job({"d.parquet"})).starts_with("bad_input: table t: d.parquet: cannot be read to its end: "))
      << copied(job({"d.parquet"}));
}

TEST_F(ParquetCopy, ValuesOutsideOfTheirTypeAreNamed) {
  write_parquet("a.parquet", "SELECT NULL::TIME AS t UNION ALL SELECT TIME '05:00:01'");
  std::string bytes = bytes_of("a.parquet");
  const int64_t from = 18'001'000'000;
  const int64_t to = 90'000'000'000;
  const std::string old_bytes(reinterpret_cast<const char*>(&from), sizeof from);
  ASSERT_NE(bytes.find(old_bytes), std::string::npos);
  for (size_t at = bytes.find(old_bytes); at != std::string::npos; at = bytes.find(old_bytes, at + 1))
    bytes.replace(at, sizeof to, reinterpret_cast<const char*>(&to), sizeof to);
  write("b.parquet", bytes);
  EXPECT_EQ(copied(job({"a.parquet", "b.parquet"})),
            "bad_input: table t: b.parquet: row 2: column t: 25:00:00 does not fit TIME without loss");
}

TEST_F(ParquetCopy, WhatTheEngineWouldCutIsRefused) {
  write_parquet("a.parquet",
                "SELECT 1 AS n, TIME '10:00:00.000001' AS t, TIMESTAMPTZ '2024-04-03 10:00:00+00' AS z, "
                "TIMESTAMP_NS '2024-04-03 10:00:00.000001' AS s");
  EXPECT_EQ(copied(job({"a.parquet"})),
            "n INTEGER, t TIME, z TIMESTAMP WITH TIME ZONE, s TIMESTAMP_NS: [[1,\"10:00:00.000001\","
            "\"2024-04-03T10:00:00Z\",\"2024-04-03T10:00:00.000001\"]]");
  // The same files with another unit in their footers: the members of a union are told by a number.
  for (const char* column : {"TIME '10:00:00' AS t", "TIMESTAMPTZ '2024-04-03 10:00:00+00' AS t"}) {
    write_parquet("b.parquet", fmt::format("SELECT {}", column));
    std::string bytes = bytes_of("b.parquet");
    const size_t unit = bytes.rfind("\x1c\x2c");
    ASSERT_NE(unit, std::string::npos);
    bytes[unit + 1] = '\x3c';
    write("b.parquet", bytes);
    EXPECT_EQ(
        copied(job({"b.parquet"})),
        "bad_input: table t: b.parquet: the column t holds nanoseconds (write the file with microseconds)");
  }
  write_parquet("c.parquet", "SELECT TIMESTAMP_NS '2024-04-03 10:00:00.000000001' AS s");
  EXPECT_TRUE(
      copied(job({"c.parquet"}, {{"s", "", "TIMESTAMP"}})).ends_with("does not fit TIMESTAMP without loss"));
}

}  // namespace
}  // namespace anabranch::ingest
