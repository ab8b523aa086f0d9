// What a Parquet file brings that the stream does not declare, and files that cannot be taken in.

#include "ingest/bulk_import.h"

#include <cstring>
#include <fstream>
#include <limits>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/parquet_table.h"
#include "ingest/round_trip.h"
#include "model/type_nesting.h"
#include "sql/parquet_file.h"
#include "sql/syntax.h"
#include "tests/support/plain_engine.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class BulkImport : public ::testing::Test {
 protected:
  io::Path write(const std::string& select, const std::string& options = "") {
    const io::Path file = folder_ / fmt::format("{}.parquet", ++files_);
    plain_.run(fmt::format("COPY ({}) TO {} (FORMAT parquet{})", select, sql::quote_literal(file.string()),
                           options));
    return file;
  }

  Result<BulkImportResult> import(const io::Path& file) {
    BulkImportJob job;
    job.source = file.string();
    job.folders = {(folder_ / "bulk").string()};
    job.name = fmt::format("b{}.parquet", ++files_);
    written_ = (folder_ / "bulk" / job.name).string();
    job.schema = schema_;
    return import_bulk(job);
  }

  // As the ingestor does it.
  BulkImportResult import_evolving(const io::Path& file) {
    auto result = import(file);
    EXPECT_TRUE(result) << result.error().describe();
    if (!result || result->new_fields.empty()) return result.value_or(BulkImportResult());
    ++schema_.version;
    for (const model::Field& field : result->new_fields) schema_.add(field);
    auto again = import(file);
    EXPECT_TRUE(again) << again.error().describe();
    return again.value_or(BulkImportResult());
  }

  std::vector<std::string> fields() const {
    std::vector<std::string> all;
    for (const auto& field : schema_.fields) all.push_back(field.name + " " + field.type.to_sql());
    return all;
  }

  std::string value(const std::string& name) {
    const auto& field = schema_.fields.at(schema_.find(name).value());
    const auto rows = plain_.session().query(
        fmt::format("SELECT ({}::{})::VARCHAR FROM {}", sql::quote_identifier(field.stored_name()),
                    field.type.to_sql(), sql::read_files("read_parquet", {written_})));
    EXPECT_TRUE(rows) << rows.error().describe();
    return rows ? rows->text(0, 0).value_or("NULL") : "";
  }

  test::TemporaryFolder folder_;
  test::PlainEngine plain_;
  model::Schema schema_{1, {field("id", "bigint")}};
  std::string written_;
  int files_ = 0;
};

TEST_F(BulkImport, NewColumnsKeepTheirTypesAndEveryRow) {
  const auto result = import_evolving(write(
      "SELECT 1 AS id, TIME '10:00:00.5' AS t, 'ab'::BLOB AS b, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID "
      "AS u, TIMESTAMP_NS '2024-04-03 10:00:00.123456' AS ns, TIMESTAMP_MS '2024-04-03 10:00:00.5' AS ms, "
      "'12345678901234567890123456789.012345679'::DECIMAL(38,9) AS d, INTERVAL 5 DAY AS i, 7::UTINYINT AS n, "
      "0.5::FLOAT AS f, [1, 2] AS l"));
  EXPECT_THAT(result.rejects, IsEmpty());
  EXPECT_EQ(result.files.at(0).rows, 1);
  EXPECT_THAT(fields(),
              ElementsAre("id BIGINT", "b BLOB", "d DECIMAL(38,9)", "f DOUBLE", "i INTERVAL", "l JSON",
                          "ms TIMESTAMP", "n BIGINT", "ns TIMESTAMP", "t TIME", "u UUID"));
  EXPECT_EQ(value("t"), "10:00:00.5");
  EXPECT_EQ(value("b"), "ab");
  EXPECT_EQ(value("u"), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
  EXPECT_EQ(value("ns"), "2024-04-03 10:00:00.123456");
  EXPECT_EQ(value("ms"), "2024-04-03 10:00:00.5");
  EXPECT_EQ(value("d"), "12345678901234567890123456789.012345679");
  EXPECT_EQ(value("i"), "5 days");
  EXPECT_EQ(value("l"), "[1,2]");
}

TEST_F(BulkImport, NanosecondsThatATimestampLosesAreRefusedRowByRow) {
  const auto result = import_evolving(
      write("SELECT range AS id, CASE range WHEN 1 THEN TIMESTAMP_NS '2024-04-03 10:00:00.123456789' ELSE "
            "TIMESTAMP_NS '2024-04-03 10:00:00.123' END AS ns FROM range(3)"));
  EXPECT_EQ(result.files.at(0).rows, 2);
  ASSERT_EQ(result.rejects.size(), 1u);
  EXPECT_THAT(result.rejects[0].reason, StartsWith("row 2: field ns: the value does not fit"));
}

TEST_F(BulkImport, WhatIsNoNumberIsTextInJson) {
  const std::string rows =
      "SELECT 1 AS id, ['NaN'::DOUBLE, '-Infinity', 'Infinity', -1.5] AS l, {'NaN': 'a\"NaN\\', 'f': "
      "'NaN'::FLOAT} AS s";
  const auto taken = import_evolving(write(rows));
  EXPECT_EQ(taken.files.at(0).rows, 1);
  EXPECT_THAT(taken.rejects, IsEmpty());
  EXPECT_THAT(fields(), ElementsAre("id BIGINT", "l JSON", "s JSON"));
  EXPECT_EQ(value("l"), R"(["NaN","-Infinity","Infinity",-1.5])");
  EXPECT_EQ(value("s"), R"({"NaN":"a\"NaN\\","f":"NaN"})");
  schema_.fields.resize(1);
  schema_.fields.push_back(field("l", "integer"));
  schema_.on_drift = model::OnDrift::freeze;
  const auto refused = import(write(rows));
  ASSERT_TRUE(refused) << refused.error().describe();
  ASSERT_EQ(refused->rejects.size(), 1u);
  EXPECT_EQ(refused->rejects[0].raw,
            R"({"id":1,"l":["NaN","-Infinity","Infinity",-1.5],"s":{"NaN":"a\"NaN\\","f":"NaN"}})");
}

// A value that the engine cannot read again would make every event of the stream unreadable.
TEST_F(BulkImport, WhateverIsTakenAsJsonIsJson) {
  schema_.fields.push_back(field("v", "json"));
  int taken = 0;
  for (const char* value : {"'POINT (1 2)'::GEOMETRY",
                            "['POINT (1 2)'::GEOMETRY]",
                            "{'g': 'POINT (1 2)'::GEOMETRY}",
                            "1",
                            "1.5::FLOAT",
                            "'nan'::DOUBLE",
                            "12.50::DECIMAL(9,2)",
                            "true",
                            "DATE '2024-01-31'",
                            "TIME '05:00'",
                            "TIMESTAMP '2024-01-31 05:00:00'",
                            "TIMESTAMPTZ '2024-01-31 05:00:00+00'",
                            "INTERVAL 1 day",
                            "'6b3f9cd2-47a4-4a9a-8b7e-6f3c2b8d0e11'::UUID",
                            "['ab'::BLOB]",
                            "[1, NULL]",
                            "{'a': {'b': 'x\"'}}",
                            "map {1: 2.5}",
                            "'x'",
                            "'x'::BLOB",
                            "'{\"a\":1}'::JSON",
                            "170141183460469231731687303715884105727",
                            "'x'::ENUM('x', 'y')",
                            "'101'::BIT",
                            "TIMETZ '05:00:00+01'"}) {
    const auto result = import(write(fmt::format("SELECT 1 AS id, {} AS v", value)));
    ASSERT_TRUE(result) << value << ": " << result.error().describe();
    ASSERT_EQ(result->files.at(0).rows + static_cast<int64_t>(result->rejects.size()), 1) << value;
    if (result->files.at(0).rows == 0) continue;
    ++taken;
    const auto read = plain_.session().query(
        fmt::format("SELECT json_valid(v::JSON) FROM {}", sql::read_files("read_parquet", {written_})));
    ASSERT_TRUE(read) << value << ": " << read.error().describe();
    EXPECT_EQ(read->text(0, 0), "true") << value << " became " << this->value("v");
  }
  EXPECT_GE(taken, 17);
}

// Each of these would make the whole stream unreadable, and with it every build.
TEST_F(BulkImport, ValuesOutsideOfTheirTypeAreRefusedRowByRow) {
  struct Value {
    const char* type;
    const char* good;
    int bytes;
    int64_t from;
    int64_t to;
  };
  constexpr int64_t day_us = 86'400'000'000;
  constexpr int64_t least = std::numeric_limits<int64_t>::min();
  const Value values[] = {
      {"TIME", "'05:00:01'::TIME", 8, 18'001'000'000, day_us + 3'600'000'000},
      {"TIME", "'05:00:01'::TIME", 8, 18'001'000'000, -5},
      {"TIMESTAMP WITH TIME ZONE", "make_timestamptz(1234567890123456)", 8, 1234567890123456, least},
      {"TIMESTAMP", "make_timestamp(1234567890123456)", 8, 1234567890123456, least + 2},
      {"DATE", "'1970-01-01'::DATE + 12345", 4, 12345, std::numeric_limits<int32_t>::min()},
      {"DECIMAL(9,2)", "1234567.89::DECIMAL(9,2)", 4, 123456789, 1'000'000'000},
      {"DECIMAL(9,2)", "1234567.89::DECIMAL(9,2)", 4, 123456789, -1'000'000'000},
      {"TIME[]", "['05:00:01'::TIME]", 8, 18'001'000'000, day_us + 1},
      {"STRUCT(a DECIMAL(9,2)[])", "{'a': [1234567.89::DECIMAL(9,2)]}", 4, 123456789, 1'000'000'000},
      {"MAP(VARCHAR, TIMESTAMP)", "map {'k': make_timestamp(1234567890123456)}", 8, 1234567890123456, least},
  };
  for (const Value& value : values) {
    const io::Path file =
        write(fmt::format("SELECT 1 AS id, {} AS v UNION ALL SELECT 2, NULL ORDER BY id", value.good),
              ", COMPRESSION uncompressed");
    std::string bytes = io::local_file_system().read_file(file).value();
    const std::string from(reinterpret_cast<const char*>(&value.from), value.bytes);
    const std::string to(reinterpret_cast<const char*>(&value.to), value.bytes);
    for (size_t at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at + 1))
      bytes.replace(at, value.bytes, to);
    schema_.fields.resize(1);
    schema_.fields.push_back(field("v", value.type));
    const auto whole = import(file);
    ASSERT_TRUE(whole) << value.type << ": " << whole.error().describe();
    EXPECT_THAT(whole->rejects, IsEmpty()) << value.type;
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
    const auto result = import(file);
    ASSERT_TRUE(result) << value.type << ": " << result.error().describe();
    EXPECT_EQ(result->files.at(0).rows, 1) << value.type;
    ASSERT_EQ(result->rejects.size(), 1u) << value.type;
    EXPECT_THAT(result->rejects[0].reason, StartsWith("row 1: field v: the value does not fit"))
        << value.type;
  }
}

TEST_F(BulkImport, ColumnsOfNullsOnlySayNothing) {
  import_evolving(write("SELECT 1 AS id, NULL AS a, NULL::INTEGER AS b, NULL::DOUBLE AS c"));
  EXPECT_THAT(fields(), ElementsAre("id BIGINT"));
  const auto result = import_evolving(write("SELECT 1 AS id, 'x' AS a, 'y' AS b, 1.5::DOUBLE AS c"));
  EXPECT_EQ(result.files.at(0).rows, 1);
  EXPECT_THAT(fields(), ElementsAre("id BIGINT", "a VARCHAR", "b VARCHAR", "c DOUBLE"));
}

TEST_F(BulkImport, TextThatIsMarkedAsBytesFitsText) {
  schema_.fields.push_back(field("name", "varchar"));
  const auto result = import_evolving(
      write("SELECT 1 AS id, 'caf\\xC3\\xA9'::BLOB AS name UNION ALL SELECT 2, '\\xFF'::BLOB ORDER BY id"));
  EXPECT_EQ(result.files.at(0).rows, 1);
  EXPECT_EQ(value("name"), "café");
  ASSERT_EQ(result.rejects.size(), 1u);
  EXPECT_THAT(result.rejects[0].reason, HasSubstr("field name: the value does not fit VARCHAR"));
}

TEST_F(BulkImport, DriftHasTheSameBounds) {
  schema_.drift.fields_max = 2;
  const auto result = import_evolving(
      write("SELECT range AS id, 1 AS a, CASE range WHEN 1 THEN 1 END AS b, NULL AS c FROM range(2)"));
  EXPECT_THAT(fields(), ElementsAre("id BIGINT", "a BIGINT"));
  EXPECT_EQ(result.files.at(0).rows, 1);
  ASSERT_EQ(result.rejects.size(), 1u);
  EXPECT_THAT(result.rejects[0].reason, HasSubstr("field b: the stream may have 2 fields by drift"));
}

TEST_F(BulkImport, FieldsComeByEarlierNamesAndDroppedOnesStayOut) {
  schema_.fields[0].name = "number";
  schema_.fields[0].was = {"id"};
  schema_.fields[0].stored_as = "id";
  schema_.dropped = {field("age", "integer")};
  const auto result = import_evolving(write("SELECT 5 AS id, 7 AS age"));
  EXPECT_THAT(fields(), ElementsAre("number BIGINT"));
  EXPECT_EQ(result.files.at(0).columns, std::vector<std::string>{"id"});
  EXPECT_EQ(value("number"), "5");
  EXPECT_EQ(import(write("SELECT 5 AS id, 7 AS number")).error().code, Code::bad_input);
}

TEST_F(BulkImport, WhatIsNoReadableFileIsTheSendersMistake) {
  schema_.fields.push_back(field("h", "ubigint"));
  const io::Path whole = write("SELECT range AS id, hash(range) AS h FROM range(100000)");
  const std::string bytes = io::local_file_system().read_file(whole).value();
  std::string holes = bytes;
  holes.replace(4, 400, 400, '\xff');  // the header of a page among them
  for (const std::string& damaged : {std::string("PAR1"), bytes.substr(0, bytes.size() / 2), holes,
                                     bytes.substr(0, bytes.size() - 5) + "PARE", std::string("id\n1\n")}) {
    const io::Path file = folder_ / "damaged.parquet";
    std::ofstream(file, std::ios::binary | std::ios::trunc) << damaged;
    const auto result = import(file);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::bad_input) << result.error().describe();
    EXPECT_THAT(result.error().message, HasSubstr("damaged.parquet"));
  }
}

TEST_F(BulkImport, WhatIsEncryptedIsRefused) {
  plain_.run("SET force_mbedtls_unsafe = 'true'");
  plain_.run("PRAGMA add_parquet_key('ours', '0123456789112345')");
  const auto result = import(write("SELECT 1 AS id", ", ENCRYPTION_CONFIG {footer_key: 'ours'}"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::bad_input) << result.error().describe();
  EXPECT_THAT(result.error().hint, HasSubstr("not encrypted"));
}

// Of such a file everybody can read the schema.
TEST_F(BulkImport, EncryptedColumnsAreNamedAsThat) {
  const io::Path file = write("SELECT range AS id FROM range(1000)");
  std::string bytes = io::local_file_system().read_file(file).value();
  bytes.replace(4, 40, 40, '\xff');
  // What the writer of such columns says at the end of the footer: encryption_algorithm (field 8),
  // AES_GCM_V1.
  const std::string said{'\x0C', '\x10', '\x1C', '\0', '\0', '\0'};
  uint32_t footer_bytes = 0;
  std::memcpy(&footer_bytes, bytes.data() + bytes.size() - 8, sizeof footer_bytes);
  footer_bytes += static_cast<uint32_t>(said.size() - 1);
  bytes.replace(bytes.size() - 9, 1, said);  // the end of the footer's struct
  std::memcpy(bytes.data() + bytes.size() - 8, &footer_bytes, sizeof footer_bytes);
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
  const auto result = import(file);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::bad_input) << result.error().describe();
  EXPECT_THAT(result.error().message, HasSubstr("has columns that are encrypted"));
}

TEST_F(BulkImport, RowsAreNoLargerThanInText) {
  schema_.fields.push_back(field("t", "varchar"));
  const auto result =
      import(write("SELECT range AS id, repeat('x', (17 << 20) + range::INTEGER) AS t FROM range(2)"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::bad_input) << result.error().describe();
  EXPECT_THAT(result.error().message, HasSubstr("has rows of 17 MiB on average; a row has at most 16"));
  EXPECT_TRUE(
      import(write("SELECT range AS id, repeat('x', (15 << 20) + range::INTEGER) AS t FROM range(2)")));
}

TEST_F(BulkImport, ColumnsNestAsDeepAsTypesDo) {
  const auto nested = [](int depth) {
    std::string value = "1";
    for (int i = 0; i < depth; ++i) value = "[" + value + "]";
    return "SELECT 1 AS id, " + value + " AS deep";
  };
  EXPECT_EQ(import_evolving(write(nested(model::type_nesting_max))).files.at(0).rows, 1);
  for (const int depth : {model::type_nesting_max + 1, 40}) {
    const auto refused = import(write(nested(depth)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::bad_input);
    EXPECT_THAT(refused.error().message, HasSubstr(fmt::format("nests {} levels deep", depth)));
    const auto copied = open_parquet(
        plain_.session(), {{fmt::format("{}/{}.parquet", folder_.path().string(), files_ - 1), "x"}}, {});
    ASSERT_FALSE(copied) << "tables have the same bound";
    EXPECT_EQ(copied.error().code, Code::bad_input);
  }
}

}  // namespace
}  // namespace anabranch::ingest
