#include "lake/type_mapping.h"

#include <array>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lake/delta_schema.h"
#include "sql/parquet_file.h"
#include "sql/parquet_relation.h"
#include "sql/syntax.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::lake {
namespace {

using ::testing::HasSubstr;

struct Example {
  std::string value;    // SQL of a value that is not NULL
  std::string type;     // what the engine calls it
  std::string delta;    // JSON
  std::string parquet;  // type of the file's column
};

// One line a type: the table of FORMAT.md, by example.
const std::vector<Example> examples = {
    {"true", "BOOLEAN", R"("boolean")", "BOOLEAN"},
    {"(-128)::TINYINT", "TINYINT", R"("byte")", "TINYINT"},
    {"(-32768)::SMALLINT", "SMALLINT", R"("short")", "SMALLINT"},
    {"(-2147483648)::INTEGER", "INTEGER", R"("integer")", "INTEGER"},
    {"9223372036854775807", "BIGINT", R"("long")", "BIGINT"},
    {"99999999999999999999999999999999999999::HUGEINT", "HUGEINT", "\"decimal(38,0)\"", "DECIMAL(38,0)"},
    {"99999999999999999999999999999999999999::UHUGEINT", "UHUGEINT", "\"decimal(38,0)\"", "DECIMAL(38,0)"},
    {"255::UTINYINT", "UTINYINT", R"("short")", "SMALLINT"},
    {"65535::USMALLINT", "USMALLINT", R"("integer")", "INTEGER"},
    {"4294967295::UINTEGER", "UINTEGER", R"("long")", "BIGINT"},
    {"18446744073709551615::UBIGINT", "UBIGINT", "\"decimal(20,0)\"", "DECIMAL(20,0)"},
    {"0.1::FLOAT", "FLOAT", R"("float")", "FLOAT"},
    {"'NaN'::DOUBLE", "DOUBLE", R"("double")", "DOUBLE"},
    {"1.50::DECIMAL(4,2)", "DECIMAL(4,2)", "\"decimal(4,2)\"", "DECIMAL(4,2)"},
    {"-123456789012345.678::DECIMAL(18,3)", "DECIMAL(18,3)", "\"decimal(18,3)\"", "DECIMAL(18,3)"},
    {"0.12345678901234567890123456789012345678::DECIMAL(38,38)", "DECIMAL(38,38)", "\"decimal(38,38)\"",
     "DECIMAL(38,38)"},
    {"'café \"x\"'", "VARCHAR", R"("string")", "VARCHAR"},
    {"'\\xFF\\x00a'::BLOB", "BLOB", R"("binary")", "BLOB"},
    {"DATE '0001-01-01'", "DATE", R"("date")", "DATE"},
    {"TIMESTAMP '2013-01-31 05:06:07.000008'", "TIMESTAMP", R"("timestamp")", "TIMESTAMP WITH TIME ZONE"},
    {"TIMESTAMPTZ '2013-01-31 05:06:07.000008+02'", "TIMESTAMP WITH TIME ZONE", R"("timestamp")",
     "TIMESTAMP WITH TIME ZONE"},
    {"'2013-01-31 05:06:07'::TIMESTAMP_S", "TIMESTAMP_S", R"("timestamp")", "TIMESTAMP WITH TIME ZONE"},
    {"'2013-01-31 05:06:07.123'::TIMESTAMP_MS", "TIMESTAMP_MS", R"("timestamp")", "TIMESTAMP WITH TIME ZONE"},
    {"'2013-01-31 05:06:07.123456'::TIMESTAMP_NS", "TIMESTAMP_NS", R"("timestamp")",
     "TIMESTAMP WITH TIME ZONE"},
    {"TIME '05:06:07.5'", "TIME", R"("string")", "VARCHAR"},
    {"'05:06:07.123456789'::TIME_NS", "TIME_NS", R"("string")", "VARCHAR"},
    {"'05:06:07+02:30'::TIMETZ", "TIME WITH TIME ZONE", R"("string")", "VARCHAR"},
    {"INTERVAL '1 year 2 months -3 days 04:05:06.7'", "INTERVAL", R"("string")", "VARCHAR"},
    {"'6b3f9cd2-47a4-4a9a-8b7e-6f3c2b8d0e11'::UUID", "UUID", R"("string")", "VARCHAR"},
    {"'b''c'::ENUM('a', 'b''c', 'd)')", "ENUM('a', 'b''c', 'd)')", R"("string")", "VARCHAR"},
    {"'{\"a\": [1, \"x\"]}'::JSON", "JSON", R"("string")", "VARCHAR"},
    {"'\"text\"'::JSON", "JSON", R"("string")", "VARCHAR"},
    {"'0101'::BIT", "BIT", R"("string")", "VARCHAR"},
    {"'123456789012345678901234567890123456789012345'::BIGNUM", "BIGNUM", R"("string")", "VARCHAR"},
    {"['a', NULL, 'b']", "VARCHAR[]", R"({"type":"array","elementType":"string","containsNull":true})",
     "VARCHAR[]"},
    {"[]::INTEGER[]", "INTEGER[]", R"({"type":"array","elementType":"integer","containsNull":true})",
     "INTEGER[]"},
    {"[1, 2, NULL]::INTEGER[3]", "INTEGER[3]",
     R"({"type":"array","elementType":"integer","containsNull":true})", "INTEGER[]"},
    {"[[1::HUGEINT, NULL], NULL, []]", "HUGEINT[][]",
     R"json({"type":"array","elementType":{"type":"array","elementType":"decimal(38,0)","containsNull":true},"containsNull":true})json",
     "DECIMAL(38,0)[][]"},
    {"{'a': 1, 'b': 'x'}", "STRUCT(a INTEGER, b VARCHAR)",
     R"({"type":"struct","fields":[{"name":"a","type":"integer","nullable":true,"metadata":{}},{"name":"b","type":"string","nullable":true,"metadata":{}}]})",
     "STRUCT(a INTEGER, b VARCHAR)"},
    {"{'select': TIMESTAMP '2020-01-01 01:02:03', 'n': {'u': NULL::UUID, 'b': 7::UBIGINT}}",
     "STRUCT(\"select\" TIMESTAMP, n STRUCT(u UUID, b UBIGINT))",
     R"json({"type":"struct","fields":[{"name":"select","type":"timestamp","nullable":true,"metadata":{}},{"name":"n","type":{"type":"struct","fields":[{"name":"u","type":"string","nullable":true,"metadata":{}},{"name":"b","type":"decimal(20,0)","nullable":true,"metadata":{}}]},"nullable":true,"metadata":{}}]})json",
     "STRUCT(\"select\" TIMESTAMP WITH TIME ZONE, n STRUCT(u VARCHAR, b DECIMAL(20,0)))"},
    {"MAP {'k': 2.5::DOUBLE, 'n': NULL}", "MAP(VARCHAR, DOUBLE)",
     R"({"type":"map","keyType":"string","valueType":"double","valueContainsNull":true})",
     "MAP(VARCHAR, DOUBLE)"},
    {"MAP {TIMESTAMP '2020-01-01': [{'h': 5::HUGEINT}]}", "MAP(TIMESTAMP, STRUCT(h HUGEINT)[])",
     R"json({"type":"map","keyType":"timestamp","valueType":{"type":"array","elementType":{"type":"struct","fields":[{"name":"h","type":"decimal(38,0)","nullable":true,"metadata":{}}]},"containsNull":true},"valueContainsNull":true})json",
     "MAP(TIMESTAMP WITH TIME ZONE, STRUCT(h DECIMAL(38,0))[])"},
    {"[{'t': TIME '01:02:03', 'l': [INTERVAL '1 day']}]", "STRUCT(t TIME, l INTERVAL[])[]",
     R"({"type":"array","elementType":{"type":"struct","fields":[{"name":"t","type":"string","nullable":true,"metadata":{}},{"name":"l","type":{"type":"array","elementType":"string","containsNull":true},"nullable":true,"metadata":{}}]},"containsNull":true})",
     "STRUCT(t VARCHAR, l VARCHAR[])[]"},
};

class Types : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = sql::Database::open({}).value();
    session_.emplace(database_->connect().value());
    // The way into the lake must not depend on the zone of the session.
    ASSERT_TRUE(session_->run("SET TimeZone = 'America/New_York'"));
  }
  std::string json(const std::string& select) {
    auto rows = session_->query(select);
    if (!rows) return rows.error().describe();
    std::string text;
    EXPECT_TRUE(rows->append_json(text, sql::Numbers::string));
    return text;
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<sql::Database> database_;
  std::optional<sql::Session> session_;
};

TEST_F(Types, AreMappedByTheTable) {
  for (const Example& example : examples) {
    SCOPED_TRACE(example.value);
    const auto described = session_->describe("SELECT " + example.value + " AS v");
    ASSERT_TRUE(described) << described.error().describe();
    EXPECT_EQ(described->at(0).type, example.type);
    const auto type = lake_type(example.type);
    ASSERT_TRUE(type) << type.error().describe();
    EXPECT_EQ(type->delta, example.delta);
    EXPECT_EQ(type->parquet, example.parquet);
    EXPECT_EQ(type->is_original, example.parquet == example.type);
  }
  EXPECT_EQ(lake_type("\"NULL\"")->delta, "\"integer\"");
}

TEST_F(Types, ComeBackFromParquetAsTheyWere) {
  int number = 0;
  for (const Example& example : examples) {
    SCOPED_TRACE(example.value);
    const std::vector<model::RelationColumn> columns{{"id", "INTEGER"}, {"v", example.type}};
    // A comment at the end, rows in an order of their own, and NULL.
    const std::string source = fmt::format(
        "SELECT * FROM (VALUES (1, {0}), (2, NULL), (3, {0})) AS t(id, v) ORDER BY id DESC -- done",
        example.value);
    const std::string file = sql::quote_literal((folder_ / fmt::format("{}.parquet", ++number)).string());
    const auto select = select_for_parquet(columns, source);
    ASSERT_TRUE(select) << select.error().describe();
    const Status copied = session_->run(fmt::format("COPY ({}) TO {} (FORMAT parquet)", *select, file));
    ASSERT_TRUE(copied) << copied.error().describe() << "\n" << *select;

    const std::string read = fmt::format("SELECT * FROM read_parquet({})", file);
    EXPECT_EQ(session_->describe(read)->at(1).type, example.parquet);
    const auto back = select_from_parquet(columns, read);
    ASSERT_TRUE(back) << back.error().describe();
    const auto described = session_->describe(*back);
    ASSERT_TRUE(described) << described.error().describe() << "\n" << *back;
    EXPECT_EQ(*described, columns);
    EXPECT_EQ(json(*back), json(source));
  }
}

// Rows of views: values that Delta has no place for are kept too, and the way back is a plain CAST.
TEST_F(Types, RowsOfOursLoseNothing) {
  std::vector<Example> all = examples;
  for (const auto& [value, type] : std::vector<std::pair<std::string, std::string>>{
           {"170141183460469231731687303715884105727::HUGEINT", "HUGEINT"},
           {"(-170141183460469231731687303715884105728)::HUGEINT", "HUGEINT"},
           {"340282366920938463463374607431768211455::UHUGEINT", "UHUGEINT"},
           {"'2013-01-31 05:06:07.123456789'::TIMESTAMP_NS", "TIMESTAMP_NS"},
           {"'1700-02-28 23:59:59.999999999'::TIMESTAMP_NS", "TIMESTAMP_NS"},
           {"'infinity'::TIMESTAMP_NS", "TIMESTAMP_NS"},
           {"'-infinity'::TIMESTAMP", "TIMESTAMP"},
           {"'infinity'::TIMESTAMP_S", "TIMESTAMP_S"},
           {"'-infinity'::TIMESTAMP_MS", "TIMESTAMP_MS"},
           {"'infinity'::TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"},
           {"'-infinity'::DATE", "DATE"},
           {"'24:00:00'::TIME", "TIME"},
           {"'-0.0'::DOUBLE", "DOUBLE"},
           {"'-inf'::FLOAT", "FLOAT"},
           {"INTERVAL '-1 month 5 days -00:00:00.000001'", "INTERVAL"},
           {"''::BLOB", "BLOB"},
           {"'-170141183460469231731687303715884105727'::HUGEINT", "HUGEINT"},
           {"-18446744073709551617::HUGEINT", "HUGEINT"},
           {"-1::HUGEINT", "HUGEINT"},
           {"18446744073709551615::HUGEINT", "HUGEINT"},
           {"[170141183460469231731687303715884105727::HUGEINT, NULL]", "HUGEINT[]"},
           {"[{'a b, c': MAP {'2013-01-31 05:06:07.000000001'::TIMESTAMP_NS: [5::UHUGEINT]}}]",
            "STRUCT(\"a b, c\" MAP(TIMESTAMP_NS, UHUGEINT[]))[]"},
           {"[1::UHUGEINT, NULL]::UHUGEINT[2]", "UHUGEINT[2]"}}) {
    all.push_back({value, type, "", ""});
  }
  for (const Example& example : all) {
    SCOPED_TRACE(example.value);
    const std::vector<model::RelationColumn> columns{{"id", "INTEGER"}, {"v, of any name", example.type}};
    const std::string source = fmt::format(
        "SELECT * FROM (VALUES (1, {0}), (2, NULL), (3, {0})) AS t(id, \"v, of any name\") -- done",
        example.value);
    ASSERT_EQ(*session_->describe(source), columns);
    const std::string file = (folder_ / "rows.parquet").string();
    const auto select = select_for_rows(columns, source);
    ASSERT_TRUE(select) << select.error().describe();
    const auto written = sql::write_parquet(*session_, *select, file);
    ASSERT_TRUE(written) << written.error().describe() << "\n" << *select;
    // Readers' sessions run in UTC.
    ASSERT_TRUE(session_->run("SET TimeZone = 'UTC'"));
    const std::string back = "SELECT * FROM " + sql::parquet_relation({file}, columns, "");
    EXPECT_EQ(*session_->describe(back), columns);
    EXPECT_EQ(json(back + " ORDER BY id"), json(source));
    EXPECT_EQ(json("SELECT count(*) FROM (" + back + ") WHERE \"v, of any name\" = " + example.value),
              "[[2]]");
    ASSERT_TRUE(session_->run("SET TimeZone = 'America/New_York'"));
  }
  EXPECT_FALSE(select_for_rows({{"Id", "INTEGER"}, {"iD", "INTEGER"}}, "SELECT 1"));
  EXPECT_FALSE(select_for_rows({{"u", "UNION(n INTEGER, s VARCHAR)"}}, "SELECT 1"));
}

TEST_F(Types, AnswersKeepWholeValues) {
  for (const auto& [type, arrow, parquet] : std::vector<std::array<std::string, 3>>{
           {"HUGEINT", "DECIMAL(38,0)", "DECIMAL(38,0)"},
           {"UHUGEINT[][3]", "DECIMAL(38,0)[][3]", "DECIMAL(38,0)[][3]"},
           {"STRUCT(\"HUGEINT\" INTERVAL, b MAP(HUGEINT, TIME WITH TIME ZONE))",
            "STRUCT(\"HUGEINT\" INTERVAL, b MAP(DECIMAL(38,0), TIME WITH TIME ZONE))",
            "STRUCT(\"HUGEINT\" VARCHAR, b MAP(DECIMAL(38,0), VARCHAR))"},
           {"ENUM('HUGEINT', 'b')", "ENUM('HUGEINT', 'b')", "ENUM('HUGEINT', 'b')"}}) {
    const auto same_type = [&](const std::string& got, const std::string& expected) {
      const auto types =
          session_->describe(fmt::format("SELECT NULL::{} AS a, NULL::{} AS b", got, expected));
      ASSERT_TRUE(types) << types.error().describe();
      EXPECT_EQ(types->at(0).type, types->at(1).type);
    };
    same_type(answer_type(type, AnswerFormat::arrow).value(), arrow);
    same_type(answer_type(type, AnswerFormat::parquet).value(), parquet);
  }
  EXPECT_FALSE(answer_type("STRUCT(INTEGER)", AnswerFormat::arrow));
}

TEST_F(Types, TimesWithoutAZoneAreUtcInTheFile) {
  const std::string file = sql::quote_literal((folder_ / "t.parquet").string());
  const std::string select =
      select_for_parquet({{"t", "TIMESTAMP"}}, "SELECT TIMESTAMP '2013-01-31 05:06:07' AS t").value();
  ASSERT_TRUE(session_->run(fmt::format("COPY ({}) TO {} (FORMAT parquet)", select, file)));
  EXPECT_EQ(json(fmt::format("SELECT t FROM read_parquet({})", file)), "[[\"2013-01-31T05:06:07Z\"]]");
  EXPECT_THAT(json(fmt::format("SELECT logical_type FROM parquet_schema({}) WHERE name = 't'", file)),
              HasSubstr("isAdjustedToUTC=1"));
}

TEST_F(Types, WhatDoesNotFitIsAnErrorNotAnotherNumber) {
  for (const auto& [type, value] : std::vector<std::pair<std::string, std::string>>{
           {"HUGEINT", "100000000000000000000000000000000000000::HUGEINT"},
           {"HUGEINT", "(-100000000000000000000000000000000000000)::HUGEINT"},
           {"UHUGEINT", "100000000000000000000000000000000000000::UHUGEINT"},
           {"HUGEINT[]", "[100000000000000000000000000000000000000::HUGEINT]"},
           {"TIMESTAMP_NS", "'2013-01-31 05:06:07.123456789'::TIMESTAMP_NS"},
           {"TIMESTAMP_NS[]", "['2013-01-31 05:06:07.123456789'::TIMESTAMP_NS]"}}) {
    const auto rows = session_->query(select_for_parquet({{"v", type}}, "SELECT " + value + " AS v").value());
    ASSERT_FALSE(rows) << value;
    EXPECT_EQ(rows.error().code, Code::bad_sql);
  }
}

TEST_F(Types, WithoutAPlaceInTheLakeAreNamed) {
  for (const std::string type :
       {"UNION(n INTEGER, s VARCHAR)", "VARIANT", "GEOMETRY", "VARIANT[]", "WHATEVER"}) {
    const Status checked = check_columns({{"good", "INTEGER"}, {"odd_one", type}});
    ASSERT_FALSE(checked) << type;
    EXPECT_EQ(checked.error().code, Code::bad_input);
    EXPECT_THAT(checked.error().message, HasSubstr("odd_one"));
    EXPECT_FALSE(checked.error().hint.empty());
  }
  EXPECT_THAT(lake_type("STRUCT(INTEGER, VARCHAR)").error().message, HasSubstr("without names"));
  for (const std::string type :
       {"", "INTEGER[", "STRUCT(", "STRUCT(a", "MAP(INTEGER)", "DECIMAL(a,b)", "\"open"}) {
    EXPECT_FALSE(lake_type(type)) << type;
  }
}

TEST_F(Types, NamesThatDeltaFilesDoNotTakeAreNamed) {
  for (const char c : std::string(" ,;{}()\n\t=")) {
    const std::string name = std::string("a") + c + "b";
    const auto select = select_for_parquet({{"good", "INTEGER"}, {name, "INTEGER"}}, "SELECT 1");
    ASSERT_FALSE(select) << name;
    EXPECT_EQ(select.error().code, Code::bad_input);
    EXPECT_THAT(select.error().message, HasSubstr(name));
    EXPECT_FALSE(check_columns({{"c", fmt::format("STRUCT(\"{}\" INTEGER)", name)}})) << name;
  }
  EXPECT_THAT(check_columns({{"c", "STRUCT(\"a b\" INTEGER)[]"}}).error().message, HasSubstr("column \"c\""));
  EXPECT_THAT(check_columns({{"Id", "INTEGER"}, {"iD", "INTEGER"}}).error().message,
              HasSubstr("\"Id\" and \"iD\""));
  EXPECT_FALSE(check_columns({{"", "INTEGER"}}));
  EXPECT_FALSE(check_columns({}));
  EXPECT_TRUE(check_columns({{"größe.in-%\"m", "INTEGER"}}));
}

TEST_F(Types, SchemasKeepTheOriginalType) {
  std::vector<model::RelationColumn> columns;
  for (const Example& example : examples)
    columns.push_back({fmt::format("c{}", columns.size()), example.type});
  const std::string schema = delta_schema(columns).value();
  EXPECT_EQ(columns_of_schema(schema).value(), columns);
  EXPECT_TRUE(is_same_schema(schema, delta_schema(columns).value()));
  std::swap(columns[0], columns[1]);
  EXPECT_FALSE(is_same_schema(schema, delta_schema(columns).value()));
}

}  // namespace
}  // namespace anabranch::lake
