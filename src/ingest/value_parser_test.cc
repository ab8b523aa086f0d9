// Which values fit which types, as JSON and as CSV, and what they become.

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/round_trip.h"

namespace anabranch::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Case {
  const char* type;
  const char* json;      // the value as it stands in the event
  std::string expected;  // what it becomes; "!…": refused, with these words in the reason
};

std::string csv_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string outcome(const RoundTrip& trip) {
  if (trip.rejects.empty()) return trip.value(0);
  return "!" + trip.rejects[0].reason;
}

void expect_outcome(const Case& each, const RoundTrip& trip) {
  SCOPED_TRACE(fmt::format("{} {}", each.type, each.json));
  ASSERT_EQ(trip.events.rows + trip.rejects.size(), 1u);
  if (each.expected.starts_with("!")) {
    EXPECT_THAT(outcome(trip), HasSubstr(each.expected.substr(1)));
    EXPECT_TRUE(outcome(trip).starts_with("!")) << outcome(trip);
  } else {
    EXPECT_EQ(outcome(trip), each.expected);
  }
}

RoundTrip as_json(const char* type, const std::string& json) {
  return round_trip({1, {field("v", type)}, model::OnDrift::evolve}, BodyFormat::ndjson,
                    "{\"v\": " + json + " }");
}

RoundTrip as_csv(const char* type, const std::string& text) {
  return round_trip({1, {field("v", type), field("w", "integer")}, model::OnDrift::evolve}, BodyFormat::csv,
                    "v,w\n" + text + ",\n");
}

const std::vector<Case>& numbers() {
  static const std::vector<Case> cases = {
      {"integer", "5", "5"},
      {"integer", "5.0", "5"},
      {"integer", "5e0", "5"},
      {"integer", "50E-1", "5"},
      {"integer", "0.5e1", "5"},
      {"integer", "-0", "0"},
      {"integer", "0e99999999999999999999", "0"},
      {"integer", "-5.000000000000000000000000000000000000000000000000", "-5"},
      {"integer", "500000000000000000000000000000000000000000000000e-47", "5"},
      {"integer", "2147483647", "2147483647"},
      {"integer", "-2147483648", "-2147483648"},
      {"integer", "2147483648", "!2147483648 is out of range for INTEGER (-2147483648 to 2147483647)"},
      {"integer", "-2147483649", "!out of range for INTEGER"},
      {"integer", "1e400", "!out of range for INTEGER"},
      {"integer", "1e-400", "!without loss"},
      {"integer", "5.7", "!5.7 does not fit INTEGER without loss"},
      {"integer", "5.00000000000000000000000000000000000000000000001", "!without loss"},
      {"integer", "100000000000000000000000000000000000000000.5", "!without loss"},
      {"integer", "05", "!05"},
      {"integer", "+5", "!+5"},
      {"integer", "5.", "!5."},
      {"integer", ".5", "!.5"},
      {"integer", "5e", "!5e"},
      {"integer", "0x5", "!0x5"},
      {"integer", "NaN", "!NaN"},
      {"tinyint", "-128", "-128"},
      {"tinyint", "128", "!out of range for TINYINT (-128 to 127)"},
      {"smallint", "32767", "32767"},
      {"smallint", "32768", "!SMALLINT"},
      {"bigint", "9223372036854775807", "9223372036854775807"},
      {"bigint", "-9223372036854775808", "-9223372036854775808"},
      {"bigint", "9223372036854775808", "!out of range for BIGINT"},
      {"bigint", "9007199254740993", "9007199254740993"},
      {"hugeint", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
      {"hugeint", "-99999999999999999999999999999999999999", "-99999999999999999999999999999999999999"},
      {"hugeint", "100000000000000000000000000000000000000", "!out of range for HUGEINT"},
      {"hugeint", "1e37", "10000000000000000000000000000000000000"},
      {"utinyint", "255", "255"},
      {"utinyint", "-1", "!UTINYINT (0 to 255)"},
      {"utinyint", "-0", "0"},
      {"usmallint", "65535", "65535"},
      {"uinteger", "4294967295", "4294967295"},
      {"uinteger", "4294967296", "!UINTEGER"},
      {"ubigint", "18446744073709551615", "18446744073709551615"},
      {"ubigint", "18446744073709551616", "!UBIGINT"},
      {"double", "0.1", "0.1"},
      {"double", "5", "5"},
      {"double", "-0.0", "-0"},
      {"double", "1e308", "1e+308"},
      {"double", "1.7976931348623157e308", "1.7976931348623157e+308"},
      {"double", "1e309", "!out of range for DOUBLE"},
      {"double", "-1e99999999999999999999", "!out of range for DOUBLE"},
      {"double", "123456789012345678901234567890123456789012345678901234567890e300",
       "!out of range for DOUBLE"},
      {"double", "1e-400", "0"},
      {"double", "5e-324", "5e-324"},
      {"double", "0.30000000000000004", "0.30000000000000004"},
      {"double", "9007199254740993", "9007199254740992"},
      {"real", "0.1", "0.1"},
      {"real", "16777217", "16777216"},
      {"real", "3.4028235e38", "3.4028235e+38"},
      {"real", "1e39", "!out of range for FLOAT"},
      {"real", "1e-60", "0"},
      {"decimal(10,2)", "1.5", "150"},
      {"decimal(10,2)", "1.50000", "150"},
      {"decimal(10,2)", "-99999999.99", "-9999999999"},
      {"decimal(10,2)", "1.234",
       "!1.234 does not fit DECIMAL(10,2) without loss (at most 2 digits after the point)"},
      {"decimal(10,2)", "100000000", "!at most 8 digits before the point"},
      {"decimal(4,1)", "999.9", "9999"},
      {"decimal(9,0)", "123456789", "123456789"},
      {"decimal(18,3)", "0.001", "1"},
      {"decimal(38,9)", "12345678901234567890123456789.123456789", "12345678901234567890123456789123456789"},
      {"decimal(38,0)", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
      {"decimal(38,0)", "1e38", "!DECIMAL(38,0)"},
      {"decimal(38,38)", "0.00000000000000000000000000000000000001", "1"},
      {"decimal(3,1)", "1.2e1", "120"},
      {"decimal(3,1)", "12e-1", "12"},
  };
  return cases;
}

TEST(Values, NumbersFitOnlyWithoutLoss) {
  for (const Case& each : numbers()) expect_outcome(each, as_json(each.type, each.json));
}

TEST(Values, NumbersInCsvFollowTheSameRules) {
  for (const Case& each : numbers()) {
    expect_outcome(each, as_csv(each.type, each.json));
    expect_outcome(each, as_csv(each.type, csv_quoted(each.json)));
  }
}

// The value as text: in JSON a string, in CSV the field.
TEST(Values, TextsFitTheirTypes) {
  const std::vector<Case> cases = {
      {"varchar", "UA", "UA"},
      {"varchar", "", ""},
      {"varchar", "日本", "日本"},
      {"date", "1970-01-01", "0"},
      {"date", "2013-01-01", "15706"},
      {"date", "1969-12-31", "-1"},
      {"date", "2000-02-29", "11016"},
      {"date", "2012-02-29", "15399"},
      {"date", "1900-02-29", "!the calendar has no such day"},
      {"date", "2013-02-29", "!\"2013-02-29\" does not fit DATE: the calendar has no such day"},
      {"date", "2013-13-01", "!no such day"},
      {"date", "2013-04-31", "!no such day"},
      {"date", "2013-00-10", "!no such day"},
      {"date", "0001-01-01", "-719162"},
      {"date", "9999-12-31", "2932896"},
      {"date", "0000-01-01", "!years run"},
      {"date", "+012345-01-01", "3789391"},
      {"date", "-0044-03-15", "-735525"},
      {"date", "+300000-01-01", "!years run"},
      {"date", "12345-01-01", "!expected a date"},
      {"date", "2013-1-1", "!expected a date"},
      {"date", "20130101", "!expected a date"},
      {"date", "01/02/2013", "!expected a date"},
      {"date", "2013-01-01T00:00:00Z", "15706"},
      {"date", "2013-01-01T02:00:00+02:00", "15706"},
      {"date", "2013-01-01T00:00:01Z", "!no time of day"},
      {"date", "", "!expected a date"},
      {"time", "05:00:00", "18000000000"},
      {"time", "05:00", "18000000000"},
      {"time", "05:00:00.000001Z", "18000000001"},
      {"time", "23:59:59.999999", "86399999999"},
      {"time", "24:00:00", "!no such time"},
      {"time", "23:60:00", "!no such time"},
      {"time", "23:59:60", "!no such time"},
      {"time", "05:00:00+02:00", "!expected a time"},
      {"time", "5:00", "!expected a time"},
      {"timestamp", "2013-01-01T05:00:00Z", "1357016400000000"},
      {"timestamp", "2013-01-01T05:00:00", "1357016400000000"},
      {"timestamp", "2013-01-01 05:00:00", "1357016400000000"},
      {"timestamp", "2013-01-01T05:00", "1357016400000000"},
      {"timestamp", "2013-01-01", "1356998400000000"},
      {"timestamp", "2013-01-01T07:00:00+02:00", "1357016400000000"},
      {"timestamp", "2013-01-01T00:30:00-0430", "1357016400000000"},
      {"timestamp", "2013-01-01T07:00:00+02", "1357016400000000"},
      {"timestamptz", "2013-01-01T05:00:00.123456Z", "1357016400123456"},
      {"timestamptz", "2013-01-01T05:00:00.1", "1357016400100000"},
      {"timestamptz", "2013-01-01T05:00:00.123456000", "1357016400123456"},
      {"timestamptz", "2013-01-01T05:00:00.1234567Z", "!more than 6 digits"},
      {"timestamptz", "1969-12-31T23:59:59.999999Z", "-1"},
      {"timestamptz", "2013-01-01T24:00:00Z", "!no such time"},
      {"timestamptz", "2013-01-01T05:00:00+16:00", "!expected a zone"},
      {"timestamptz", "2013-01-01T05:00:00 Europe/Paris", "!expected a zone"},
      {"timestamptz", "2013-01-01T05:00:00.Z", "!expected a time such as 2013-01-31T05:00:00Z"},
      {"timestamptz", "now", "!expected a time such as"},
      {"timestamptz", "2013-02-30T05:00:00Z", "!no such day"},
      {"uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
      {"uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
      {"uuid", "{a0eebc999c0b4ef8bb6d6bb9bd380a11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
      {"uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "!hexadecimal"},
      {"uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g", "!hexadecimal"},
      {"blob", "AP9h",
       std::string("\x00\xff"
                   "a",
                   3)},
      {"blob", "YQ==", "a"},
      {"blob", "YR==", "!base64"},
      {"blob", "YQ", "!base64"},
      {"blob", "Y Q=", "!base64"},
      {"interval", "P1Y2M3DT4H5M6.5S", "14 months 3 days 14706500000 microseconds"},
      {"interval", "P2W", "0 months 14 days 0 microseconds"},
      {"interval", "-PT1S", "0 months 0 days -1000000 microseconds"},
      {"interval", "PT-0.000001S", "0 months 0 days -1 microseconds"},
      {"interval", "P", "!expected a duration"},
      {"interval", "PT", "!expected a duration"},
      {"interval", "P1S", "!expected a duration"},
      {"interval", "P1D1Y", "!expected a duration"},
      {"interval", "P1.5D", "!only the seconds"},
      {"interval", "P9999999999Y", "!out of range"},
      {"interval", "1 day", "!expected a duration"},
  };
  for (const Case& each : cases) {
    expect_outcome(each, as_json(each.type, fmt::format("\"{}\"", each.json)));
    expect_outcome(each, as_csv(each.type, csv_quoted(each.json)));
    if (*each.json != '\0') expect_outcome(each, as_csv(each.type, each.json));
  }
}

TEST(Values, JsonTypesAreNotMixed) {
  const std::vector<Case> cases = {
      {"integer", "true", "!true is a boolean; INTEGER takes a JSON number"},
      {"integer", "\"5\"", "!\"5\" is a string; INTEGER takes a JSON number"},
      {"integer", "[5]", "![5] is a list; INTEGER takes a JSON number"},
      {"integer", "{\"a\": [ 1 ]}", "!{\"a\": [ 1 ]} is an object"},
      {"varchar", "5", "!5 is a number; VARCHAR takes a JSON string"},
      {"varchar", "false", "!VARCHAR takes a JSON string"},
      {"boolean", "true", "1"},
      {"boolean", "false", "0"},
      {"boolean", "1", "!1 is a number; BOOLEAN takes true or false"},
      {"boolean", "\"true\"", "!BOOLEAN takes true or false"},
      {"date", "20130101", "!DATE takes a JSON string"},
      {"integer[]", "{}", "!INTEGER[] takes a JSON list"},
      {"struct(a integer)", "[]", "!STRUCT(a INTEGER) takes a JSON object"},
      {"integer", "null", "NULL"},
      {"json", "null", "NULL"},
      {"integer", "tru", "!is not JSON: tru is no value"},
      {"integer", "nul", "!is not JSON"},
      {"varchar", "'a'", "!is not JSON"},
  };
  for (const Case& each : cases) expect_outcome(each, as_json(each.type, each.json));
}

TEST(Values, BooleansInCsv) {
  expect_outcome({"boolean", "true", "1"}, as_csv("boolean", "true"));
  expect_outcome({"boolean", "True", "!'True' is not a boolean; BOOLEAN takes true or false"},
                 as_csv("boolean", "True"));
  expect_outcome({"boolean", "1", "!not a boolean"}, as_csv("boolean", "1"));
}

TEST(Values, EmptyCsvFieldIsNullUnlessQuoted) {
  expect_outcome({"varchar", "", "NULL"}, as_csv("varchar", ""));
  expect_outcome({"varchar", "", ""}, as_csv("varchar", "\"\""));
  expect_outcome({"integer", "", "NULL"}, as_csv("integer", ""));
  expect_outcome({"integer", "", "!'' is not a number"}, as_csv("integer", "\"\""));
}

TEST(Values, EscapesInStrings) {
  const std::vector<Case> cases = {
      {"varchar", R"("a\"b\\c\/d\n\u00e9\ud83d\ude00")", "a\"b\\c/d\n\xc3\xa9\xf0\x9f\x98\x80"},
      {"varchar", R"("\u0000")", std::string(1, '\0')},
      {"varchar", R"("\ud83d")", "!wrong escape"},
      {"varchar", R"("\udc00")", "!wrong escape"},
      {"varchar", R"("\x")", "!wrong escape"},
      {"varchar", R"("\u12g4")", "!wrong escape"},
      {"varchar", "\"a\tb\"", "!control character"},
      {"date", R"("2013\u002d01-01")", "15706"},
      {"uuid", R"("a0eebc99\u002d9c0b-4ef8-bb6d-6bb9bd380a11")", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
  };
  for (const Case& each : cases) expect_outcome(each, as_json(each.type, each.json));
}

const std::vector<Case>& nested() {
  static const std::vector<Case> cases = {
      {"json", "{\"a\": [1.50, null]}", "{\"a\": [1.50, null]}"},
      {"json", "1.50", "1.50"},
      {"json", "\"x\"", "\"x\""},
      {"json", "[1, 2", "!is not JSON"},
      {"json", "{\"a\":1,\"a\":2}", "!the name \"a\" comes twice in one object"},
      {"json", "[\"\\q\"]", "!wrong escape"},
      {"json", "[01]", "!01 is no value"},
      {"json", "[1 2]", "!is not JSON"},
      {"json", "[1,]", "!is not JSON"},
      {"json", "{\"a\" 1}", "!is not JSON"},
      {"integer[]", "[ 1, null, 3.0 ]", "[1,null,3]"},
      {"integer[]", "[]", "[]"},
      {"integer[]", "[1, 2.5]", "!at [1]: 2.5 does not fit INTEGER without loss"},
      {"integer[]", "[1, \"2\"]", "!at [1]: \"2\" is a string"},
      {"integer[][]", "[[1],[],null]", "[[1],[],null]"},
      {"varchar[]", R"(["a\"\u00e9", ""])", "[\"a\\\"\xc3\xa9\",\"\"]"},
      {"struct(a integer, b date)", R"({"b": "2013-01-01", "a": 5.0})", R"({"a":5,"b":"2013-01-01"})"},
      {"struct(a integer, b date)", "{}", R"({"a":null,"b":null})"},
      {"struct(a integer)", R"({"a":1,"c":2})", "!the member \"c\" is not one of STRUCT(a INTEGER)"},
      {"struct(a integer)", R"({"a":1,"a":2})", "!\"a\" comes twice"},
      {"struct(a struct(b integer[]))", R"({"a":{"b":[1,true]}})", "!at .a.b[1]: true is a boolean"},
      {"struct(a decimal(38,9), b hugeint, c ubigint, d real, e double)",
       R"({"a":-0.5,"b":-99999999999999999999999999999999999999,"c":18446744073709551615,"d":0.1,"e":0.1})",
       R"({"a":"-0.500000000","b":"-99999999999999999999999999999999999999","c":18446744073709551615,"d":0.10000000149011612,"e":0.1})"},
      {"struct(a timestamptz, b time, c timestamp, d date, e uuid, f boolean, g json, h interval)",
       R"({"a":"2013-01-01T07:00:00.5+02:00","b":"05:00","c":"0001-01-01T00:00:00+01:00","d":"-0044-03-15","e":"A0EEBC999C0B4EF8BB6D6BB9BD380A11","f":true,"g":{"x":[1.50]},"h":"P1D"})",
       R"~({"a":"2013-01-01 05:00:00.500000+00","b":"05:00:00","c":"0001-12-31 (BC) 23:00:00","d":"0045-03-15 (BC)",)~"
       R"~("e":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","f":true,"g":{"x":[1.50]},"h":"0 months 1 days 0 microseconds"})~"},
      {"struct(a blob)", R"({"a":"YQ=="})", "!BLOB"},
      {"map(integer, varchar)", R"({"1": "a", "2.0": null})", R"({"1":"a","2":null})"},
      {"map(integer, varchar)", R"({"1": "a", "1.0": "b"})", "!the key \"1\" comes twice"},
      {"map(integer, varchar)", R"({"x": "a"})", "!at [\"x\"]: 'x' is not a number"},
      {"map(varchar, integer[])", R"({"a\n": [1]})", R"({"a\u000a":[1]})"},
      {"map(varchar, integer)", R"({"a": 1.5})", "!at [\"a\"]: 1.5 does not fit"},
      {"map(integer[], integer)", R"({"a": 1})", "!keys"},
  };
  return cases;
}

TEST(Values, NestedTypesAreCheckedAllTheWayDown) {
  for (const Case& each : nested()) expect_outcome(each, as_json(each.type, each.json));
}

TEST(Values, NestedTypesInCsvAreJsonText) {
  for (const Case& each : nested()) expect_outcome(each, as_csv(each.type, csv_quoted(each.json)));
  expect_outcome({"json", "", "!is empty"}, as_csv("json", "\"\""));
  expect_outcome({"json", "", "!goes on after its end"}, as_csv("json", "{} {}"));
  expect_outcome({"integer[]", "5", "!5 is a number; INTEGER[] takes a JSON list"}, as_csv("integer[]", "5"));
}

TEST(Values, NestingEndsAtItsLimit) {
  const auto lists = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(as_json("json", lists(depth_max - 1)).rejects.empty());
  EXPECT_THAT(as_json("json", lists(depth_max)).reasons(),
              ElementsAre(HasSubstr("nested more than 64 levels")));
  EXPECT_THAT(as_json("json", lists(100'000)).reasons(),
              ElementsAre(HasSubstr("nested more than 64 levels")));
}

}  // namespace
}  // namespace anabranch::ingest
