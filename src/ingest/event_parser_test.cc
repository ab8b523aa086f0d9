// What becomes of the records of a body.

#include "ingest/event_parser.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/round_trip.h"

namespace anabranch::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

model::Schema flights(model::OnDrift on_drift = model::OnDrift::evolve) {
  return {1, {field("carrier", "varchar", true), field("dep_delay", "integer")}, on_drift};
}

std::vector<std::string> records_of(const RoundTrip& trip) {
  const auto records = log::split_records(trip.batch.payload).value();
  return {records.begin(), records.end()};
}

TEST(Ndjson, KeepsGoodLinesAndRejectsBadOnesWithTheirBytes) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"nonsense", "is not a JSON object"},
      {"{\"carrier\":\"UA\"", "breaks off"},
      {"{\"carrier\":\"UA\",}", "is not JSON"},
      {"{\"carrier\":\"UA\"} x", "is not JSON"},
      {"{\"carrier\":\"UA\"}}", "is not JSON"},
      {"{\"carrier\":\"UA}", "a string is not closed"},
      {"{carrier:\"UA\"}", "is not JSON"},
      {"[1]", "'[1]' is not a JSON object"},
      {"5", "'5' is not a JSON object"},
      {"{}", "field carrier: is required but missing"},
      {"{\"carrier\":null}", "field carrier: is null but required"},
      {"{\"carrier\":1}", "field carrier: 1 is a number; VARCHAR takes a JSON string"},
      {"{\"carrier\":\"UA\",\"dep_delay\":5.7}", "field dep_delay: 5.7 does not fit INTEGER without loss"},
      {"{\"carrier\":\"UA\",\"carrier\":\"AA\"}", "field carrier: comes twice in the event"},
      {"{\"carrier\":\"UA\",\"\\u0063arrier\":\"AA\"}", "field carrier: comes twice in the event"},
      {"{\"carrier\":\"UA\",\"Carrier\":\"AA\"}",
       "field Carrier: differs only in case from the declared field carrier"},
      {"{\"carrier\":\"UA\",\"x\":1,\"x\":2}", "field x: comes twice in the event"},
      {"{\"carrier\":\"UA\",\"x\":1,\"X\":2}", "fields X and x: differ only in case"},
      {"{\"carrier\":\"UA\",\"_raw\":1}", "field _raw: the platform gives every event a column of that name"},
      {"{\"carrier\":\"UA\",\"_Offset\":1}", "field _Offset: the platform gives"},
      {"{\"carrier\":\"UA\",\"\":1}", "a name has 1 to 255 bytes"},
      {"{\"carrier\":\"UA\",\"a\\u0000\":1}", "no control characters"},
      {"{\"carrier\":\"\xff\"}", "is not valid UTF-8"},
      {"{\"carrier\":\"\xed\xa0\x80\"}", "is not valid UTF-8"},
      {"{\"carrier\":\"UA\"}\x01", "is not JSON"},
      {"{\"carrier\":\"UA\"\x01}", "is not JSON"},
      {std::string("{\"carrier\":\"UA\"}\0", 17), "is not JSON"},
      {"{\"carrier\":\"UA\",\"x\":99999999999999999999}",
       "field x: 99999999999999999999 is out of range for BIGINT"},
      {"{\"carrier\":\"UA\",\"x\":1.5e999}", "field x: 1.5e999 is out of range for DOUBLE"},
      {"{\"carrier\":\"UA\",\"x\":{\"a\":[tru]}}", "field x: is not JSON"},
      {"{\"carrier\":\"UA\",\"x\":" + std::string(70, '[') + std::string(70, ']') + "}",
       "field x: is nested more"},
      {"{\"carrier\":\"" + std::string(event_bytes_max, 'x') + "\"}", "an event has at most 1048576"},
  };
  for (const auto& [line, reason] : bad) {
    const std::string body = "{\"carrier\":\"AA\"}\n" + line + "\n{\"carrier\":\"B6\",\"dep_delay\":3}\n";
    const RoundTrip trip = round_trip(flights(), BodyFormat::ndjson, body);
    ASSERT_THAT(trip.reasons(), ElementsAre(HasSubstr(reason))) << line.substr(0, 100);
    EXPECT_TRUE(trip.rejects[0].reason.starts_with("line 2: ")) << trip.rejects[0].reason;
    EXPECT_EQ(trip.rejects[0].raw, line);
    ASSERT_EQ(trip.events.rows, 2u);
    EXPECT_EQ(trip.value(0, 0), "AA");
    EXPECT_EQ(trip.value(0, 1), "B6");
    EXPECT_EQ(trip.value(1, 1), "3");
    EXPECT_THAT(trip.new_fields, IsEmpty()) << line.substr(0, 100);
  }
}

TEST(Ndjson, TakesEveryUsualLineEnding) {
  const RoundTrip trip = round_trip(
      flights(), BodyFormat::ndjson,
      "\xef\xbb\xbf{\"carrier\":\"AA\"}\r\n\r\n   \n { \"carrier\" : \"B6\" } \n{\"carrier\":\"UA\"}");
  EXPECT_THAT(records_of(trip),
              ElementsAre("{\"carrier\":\"AA\"}", " { \"carrier\" : \"B6\" } ", "{\"carrier\":\"UA\"}"));
  EXPECT_THAT(trip.rejects, IsEmpty());
  EXPECT_EQ(trip.events.raw[1], " { \"carrier\" : \"B6\" } ");
  EXPECT_EQ(round_trip(flights(), BodyFormat::ndjson, "").batch.count, 0u);
}

TEST(Ndjson, NamesThatNeedEscapesAreFound) {
  model::Schema schema{1, {field("a\"b", "integer"), field("c\\d", "integer"), field("é", "integer")}};
  const RoundTrip trip = round_trip(schema, BodyFormat::ndjson, R"({"a\"b":1,"c\\d":2,"\u00e9":3})");
  ASSERT_EQ(trip.events.rows, 1u);
  EXPECT_THAT(trip.new_fields, IsEmpty());
  EXPECT_EQ(trip.value(0) + trip.value(1) + trip.value(2), "123");
}

TEST(Json, TakesAnArrayOrOneObjectAndKeepsTheirText) {
  const RoundTrip array =
      round_trip(flights(), BodyFormat::json,
                 " [ {\n  \"carrier\": \"A]A\\\"\",\n  \"dep_delay\": 1\n } ,{\"carrier\":\"UA\"}\n]\n");
  EXPECT_THAT(records_of(array),
              ElementsAre("{\n  \"carrier\": \"A]A\\\"\",\n  \"dep_delay\": 1\n }", "{\"carrier\":\"UA\"}"));
  EXPECT_EQ(array.value(0), "A]A\"");
  const RoundTrip object = round_trip(flights(), BodyFormat::json, "{\n\"carrier\": \"AA\"\n}\n");
  EXPECT_THAT(records_of(object), ElementsAre("{\n\"carrier\": \"AA\"\n}"));
  EXPECT_EQ(round_trip(flights(), BodyFormat::json, "[]").batch.count, 0u);
  EXPECT_THAT(round_trip(flights(), BodyFormat::json, "[ ]").rejects, IsEmpty());
}

TEST(Json, OneBadElementLeavesTheOthers) {
  const RoundTrip trip =
      round_trip(flights(), BodyFormat::json,
                 R"([{"carrier":"AA"}, 5, {"carrier":[1}, {"carrier":"UA" "x":1}, {"carrier":"B6"},,])");
  EXPECT_EQ(trip.events.rows, 1u);
  EXPECT_EQ(trip.value(0), "AA");
  // A bracket that is not closed takes what follows with it, into one reject.
  EXPECT_THAT(trip.reasons(),
              ElementsAre(HasSubstr("element 2: '5'"), HasSubstr("element 3: the body breaks off")));
  const RoundTrip other =
      round_trip(flights(), BodyFormat::json, R"([{"carrier":"UA" "x":1}, {"carrier":"B6"},, ])");
  EXPECT_EQ(other.value(0), "B6");
  EXPECT_THAT(other.reasons(),
              ElementsAre(HasSubstr("element 1: is not JSON"), HasSubstr("element 3: nothing stands"),
                          HasSubstr("element 4: nothing stands")));
}

TEST(Json, OfHalfABodyTheWholeElementsAreKept) {
  const std::string body = R"([{"carrier":"AA"}, {"carrier":"B6"}, {"carrier":"U)";
  for (size_t bytes = 0; bytes <= body.size(); ++bytes) {
    const std::string_view half = std::string_view(body).substr(0, bytes);
    const size_t whole = bytes < 17 ? 0 : bytes < 35 ? 1 : 2;
    const auto parsed = EventParser(flights()).parse(BodyFormat::json, half);
    if (bytes <= 1) {
      ASSERT_FALSE(parsed);
      EXPECT_EQ(parsed.error().code, Code::bad_input);
      continue;
    }
    ASSERT_TRUE(parsed) << half;
    EXPECT_EQ(parsed->batch.count, whole) << half;
    ASSERT_EQ(parsed->batch.rejects.size(), 1u) << half;
    EXPECT_TRUE(half.ends_with(parsed->batch.rejects[0].raw)) << half;
  }
}

TEST(Json, WhatIsNeitherArrayNorObjectIsAnError) {
  for (const char* body : {"", "  \n", "5", "\"a\"", "carrier,dep_delay\nUA,1\n", "null", "["}) {
    const auto parsed = EventParser(flights()).parse(BodyFormat::json, body);
    ASSERT_FALSE(parsed) << body;
    EXPECT_EQ(parsed.error().code, Code::bad_input);
    EXPECT_FALSE(parsed.error().hint.empty());
  }
}

TEST(Json, WhatFollowsTheEndIsKeptAsReject) {
  const RoundTrip trip =
      round_trip(flights(), BodyFormat::json, "{\"carrier\":\"AA\"}\n{\"carrier\":\"UA\"}\n");
  EXPECT_EQ(trip.events.rows, 1u);
  ASSERT_THAT(trip.reasons(), ElementsAre(HasSubstr("after the object: nothing may follow")));
  EXPECT_EQ(trip.rejects[0].raw, "{\"carrier\":\"UA\"}");
}

TEST(Drift, EvolveReportsTheTypeOfTheFirstAcceptedValue) {
  const RoundTrip trip =
      round_trip(flights(), BodyFormat::ndjson,
                 "{\"carrier\":1,\"never\":1}\n"
                 "{\"carrier\":\"AA\",\"i\":1,\"d\":1.0,\"e\":1e2,\"b\":true,\"s\":\"x\",\"o\":{\"a\":1},"
                 "\"l\":[1],\"n\":null}\n"
                 "{\"i\":2.5,\"carrier\":\"B6\"}\n"
                 "{\"carrier\":\"UA\",\"i\":2.0,\"d\":3,\"o\":5,\"n\":\"late\"}\n");
  std::vector<std::string> fields;
  for (const model::Field& each : trip.new_fields) {
    EXPECT_FALSE(each.required);
    fields.push_back(each.name + " " + each.type.to_sql());
  }
  EXPECT_THAT(fields, ElementsAre("i BIGINT", "d DOUBLE", "e DOUBLE", "b BOOLEAN", "s VARCHAR", "o JSON",
                                  "l JSON", "n VARCHAR"));
  EXPECT_THAT(trip.reasons(),
              ElementsAre(HasSubstr("line 1: field carrier"),
                          HasSubstr("line 3: field i: 2.5 does not fit BIGINT without loss")));
  ASSERT_EQ(trip.events.rows, 2u);
  EXPECT_EQ(trip.value(2, 0), "1");
  EXPECT_EQ(trip.value(2, 1), "2");
  EXPECT_EQ(trip.value(3, 1), "3");
  EXPECT_EQ(trip.value(7, 0), "{\"a\":1}");
  EXPECT_EQ(trip.value(7, 1), "5");
  EXPECT_EQ(trip.value(9, 1), "late");
}

TEST(Drift, ARecordMayFitTheTypeThatALaterOneGave) {
  const RoundTrip trip = round_trip(flights(), BodyFormat::ndjson,
                                    "{\"carrier\":\"AA\",\"x\":99999999999999999999,\"y\":1}\n"
                                    "{\"carrier\":\"UA\",\"x\":1.5}\n");
  EXPECT_THAT(trip.rejects, IsEmpty());
  ASSERT_EQ(trip.new_fields.size(), 2u);
  EXPECT_EQ(trip.value(2, 0), "1e+20");
  EXPECT_EQ(trip.value(3, 0), "1");
}

TEST(Drift, FreezeLeavesUndeclaredFieldsInTheText) {
  const RoundTrip trip = round_trip(flights(model::OnDrift::freeze), BodyFormat::ndjson,
                                    "{\"x\":[1],\"carrier\":\"AA\",\"y\":\"\\n\"}\n");
  EXPECT_THAT(trip.new_fields, IsEmpty());
  ASSERT_EQ(trip.events.rows, 1u);
  EXPECT_EQ(trip.events.raw[0], "{\"x\":[1],\"carrier\":\"AA\",\"y\":\"\\n\"}");
  const RoundTrip bad =
      round_trip(flights(model::OnDrift::freeze), BodyFormat::ndjson, "{\"carrier\":\"AA\",\"y\":\"\\q\"}\n");
  EXPECT_THAT(bad.reasons(), ElementsAre(HasSubstr("field y: \"\\q\" is not a JSON string")));
}

TEST(Drift, QuarantineRejectsEventsWithUndeclaredFields) {
  const RoundTrip trip = round_trip(flights(model::OnDrift::quarantine), BodyFormat::ndjson,
                                    "{\"carrier\":\"AA\",\"x\":null}\n{\"carrier\":\"UA\"}\n");
  EXPECT_EQ(trip.events.rows, 1u);
  EXPECT_THAT(trip.reasons(), ElementsAre(HasSubstr("line 1: field x: the stream does not declare it")));
}

class StoppedClock final : public io::Clock {
 public:
  io::TimeUs now_us() override { return now; }
  int64_t monotonic_us() override { return now; }
  io::TimeUs now = int64_t{1'000'000} * 1'000'000;
};

TEST(Drift, NoEventAddsFieldsWithoutEnd) {
  model::Schema schema = flights();
  schema.drift.fields_max = 4;
  const RoundTrip trip = round_trip(schema, BodyFormat::ndjson,
                                    "{\"carrier\":\"AA\",\"a\":1,\"b\":{\"c\":1,\"d\":[2]}}\n"
                                    "{\"carrier\":\"UA\",\"e\":1}\n{\"carrier\":\"DL\",\"b\":[]}\n");
  EXPECT_THAT(trip.reasons(),
              ElementsAre(HasSubstr("line 2: field e: the stream may have 4 fields by drift")));
  EXPECT_EQ(trip.events.rows, 2u);
  ASSERT_EQ(trip.new_fields.size(), 2u);
  EXPECT_EQ(trip.new_fields[1].type.to_sql(), "JSON") << "an object is one column";
  EXPECT_EQ(model::Schema().drift, (model::DriftLimits{500, 200})) << "as documented";
}

TEST(Drift, HasARate) {
  StoppedClock clock;
  model::Schema schema = flights();
  schema.drift.per_hour = 2;
  schema.fields.push_back(field("a", "bigint"));
  schema.fields.back().found_at_us = clock.now;
  const auto parse = [&] {
    return EventParser(schema, clock)
        .parse(BodyFormat::ndjson, "{\"carrier\":\"AA\",\"b\":1,\"c\":1}")
        .value();
  };
  auto parsed = parse();
  EXPECT_THAT(parsed.new_fields, IsEmpty());
  ASSERT_EQ(parsed.batch.rejects.size(), 1u);
  EXPECT_THAT(parsed.batch.rejects[0].reason, HasSubstr("events may add 2 fields within an hour"));
  clock.now += int64_t{3600} * 1'000'000;
  EXPECT_EQ(parse().new_fields.size(), 2u);
}

TEST(Drift, ColumnsOfCsvHaveTheSameBounds) {
  model::Schema schema = flights();
  schema.drift.fields_max = 3;
  const RoundTrip trip =
      round_trip(schema, BodyFormat::csv, "carrier,x,y,z\nAA,1,,\nUA,2,3,\nDL,3,,\"\"\nB6,4,,\n");
  EXPECT_EQ(trip.events.rows, 2u);
  EXPECT_EQ(trip.new_fields.size(), 1u);
  EXPECT_THAT(trip.reasons(), ElementsAre(HasSubstr("line 3: field y: the stream may have 3"),
                                          HasSubstr("line 4: field z: the stream may have 3")));
}

model::Schema visits() {
  model::Schema schema{3, {field("url", "varchar", true), field("n", "integer")}};
  schema.fields[0].was = {"page", "address"};
  schema.fields[0].stored_as = "page";
  schema.dropped = {field("age", "integer")};
  return schema;
}

TEST(EarlierNames, AreReadAsTheNewOne) {
  RoundTrip trip = round_trip(visits(), BodyFormat::ndjson,
                              "{\"page\":\"a\",\"n\":1}\n{\"n\":2,\"address\":\"b\"}\n{\"url\":\"c\"}\n"
                              "{\"url\":\"d\",\"page\":\"d\"}\n{\"n\":1}\n{\"page\":null}\n");
  ASSERT_EQ(trip.events.rows, 3u);
  EXPECT_EQ(trip.value(0, 0), "a");
  EXPECT_EQ(trip.value(0, 1), "b");
  EXPECT_EQ(trip.value(0, 2), "c");
  EXPECT_THAT(trip.new_fields, IsEmpty());
  EXPECT_THAT(trip.reasons(), ElementsAre(HasSubstr("field url: comes twice in the event, perhaps by a name"),
                                          HasSubstr("field url: is required but missing"),
                                          HasSubstr("field url: is null but required")));
  trip = round_trip(visits(), BodyFormat::csv, "n,page\n1,a\n2,\n");
  ASSERT_EQ(trip.events.rows, 1u);
  EXPECT_EQ(trip.value(0), "a");
  const auto both = EventParser(visits()).parse(BodyFormat::csv, "url,page\na,b\n");
  ASSERT_FALSE(both);
  EXPECT_THAT(both.error().message, HasSubstr("column page is the field url"));
  trip = round_trip(visits(), BodyFormat::cloudevents,
                    R"({"specversion":"1.0","id":"1","source":"s","type":"t","address":"x","data":{"n":1}})");
  EXPECT_EQ(trip.value(0), "x");
}

TEST(DroppedFields, DoNotComeBackWithEvents) {
  RoundTrip trip = round_trip(visits(), BodyFormat::ndjson, "{\"url\":\"a\",\"age\":[\"old\"]}\n");
  EXPECT_EQ(trip.events.rows, 1u);
  EXPECT_THAT(trip.new_fields, IsEmpty());
  EXPECT_EQ(trip.events.raw[0], "{\"url\":\"a\",\"age\":[\"old\"]}");
  trip = round_trip(visits(), BodyFormat::csv, "url,age,b\nx,5,1\n");
  EXPECT_EQ(trip.events.rows, 1u);
  ASSERT_EQ(trip.new_fields.size(), 1u);
  EXPECT_EQ(trip.new_fields[0].name, "b");
  model::Schema strict = visits();
  strict.on_drift = model::OnDrift::quarantine;
  EXPECT_THAT(round_trip(strict, BodyFormat::ndjson, "{\"url\":\"a\",\"age\":5}\n").reasons(),
              ElementsAre(HasSubstr("field age: the stream does not declare it")));
}

model::Schema orders() {
  return {1,
          {field("id", "varchar"), field("time", "timestamptz"), field("amount", "decimal(10,2)"),
           field("sequence", "integer")}};
}

TEST(Tsv, IsCsvWithTabsAndIsKeptWithCommas) {
  const RoundTrip trip =
      round_trip(flights(), BodyFormat::tsv,
                 "carrier\tdep_delay\r\n\"A\tB \"\"x\"\"\"\t1\r\nC,D\t\nE\tmany\n\"F\nG\"\t-2\n");
  ASSERT_EQ(trip.events.rows, 3u);
  EXPECT_EQ(trip.value(0, 0), "A\tB \"x\"");
  EXPECT_EQ(trip.value(0, 1), "C,D");
  EXPECT_EQ(trip.value(1, 1), "NULL");
  EXPECT_EQ(trip.value(0, 2), "F\nG");
  EXPECT_EQ(trip.value(1, 2), "-2");
  ASSERT_EQ(trip.rejects.size(), 1u);
  EXPECT_EQ(trip.rejects[0].raw, "E\tmany") << "as it came";
  EXPECT_EQ(records_of(trip).at(0), "carrier,dep_delay");
  EXPECT_EQ(records_of(trip).at(2), "\"C,D\",");
}

TEST(Rejects, AreBounded) {
  std::string lines, elements = "[";
  for (size_t i = 0; i <= body_rejects_max; ++i) {
    lines += "x\n";
    elements += "1,";
  }
  EventParser parser(flights());
  const std::pair<BodyFormat, std::string> bodies[] = {{BodyFormat::ndjson, lines},
                                                       {BodyFormat::json, elements + "1]"},
                                                       {BodyFormat::csv, "carrier,dep_delay\n" + lines}};
  for (const auto& [format, body] : bodies) {
    const auto parsed = parser.parse(format, body);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, Code::too_large);
  }
  const auto parsed = parser.parse(BodyFormat::ndjson, std::string_view(lines).substr(2));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->batch.rejects.size(), body_rejects_max);
}

TEST(CloudEvents, DataIsTheEventAndAttributesFillWhatItLacks) {
  const std::string event =
      R"({"specversion":"1.0","id":"7","source":"/shop","type":"order","time":"2013-01-01T05:00:00Z","sequence":3,)"
      R"("datacontenttype":"application/json","data":{"amount":1.50,"sequence":null},"subject":null})";
  const RoundTrip one = round_trip(orders(), BodyFormat::cloudevents, event + "\n");
  ASSERT_EQ(one.events.rows, 1u) << one.reasons()[0];
  EXPECT_EQ(one.batch.encoding, log::Encoding::cloudevents);
  EXPECT_EQ(one.events.raw[0], event);
  EXPECT_EQ(one.value(0), "7");
  EXPECT_EQ(one.value(1), "1357016400000000");
  EXPECT_EQ(one.value(2), "150");
  EXPECT_EQ(one.value(3), "NULL");  // data has it: null is what it says
  EXPECT_THAT(one.new_fields, IsEmpty());

  const std::string other =
      R"({"data":{"id":"own","extra":1},"id":"8","source":"/shop","type":"order","specversion":"1.0"})";
  const RoundTrip two =
      round_trip(orders(), BodyFormat::cloudevents_batch, "[" + event + ",\n" + other + "]");
  ASSERT_EQ(two.events.rows, 2u);
  EXPECT_EQ(two.value(0, 1), "own");
  ASSERT_EQ(two.new_fields.size(), 1u);
  EXPECT_EQ(two.new_fields[0].name, "extra");
}

TEST(CloudEvents, WhatIsNoEventIsRejected) {
  const std::string head = R"({"specversion":"1.0","id":"7","source":"/shop","type":"order",)";
  const std::vector<std::pair<std::string, std::string>> bad = {
      {head + R"("data_base64":"YQ=="})", "data_base64: bytes are no event"},
      {head + R"("data":"text"})", "data: \"text\" is a string"},
      {head + R"("data":null})", "data: null is null"},
      {head + R"("data":{"amount":1.555}})", "field amount: 1.555 does not fit DECIMAL(10,2)"},
      {head + R"("data":{"amount":1,"amount":1}})", "field amount: comes twice"},
      {head + R"("data":{},"data":{}})", "\"data\" comes twice"},
      {head + R"("time":"yesterday","data":{}})", "field time: attribute of the CloudEvent: \"yesterday\""},
      {head + R"("sub":{"a":1},"data":{}})", "attribute sub: is an object"},
      {R"({"specversion":"0.3","id":"7","source":"/shop","type":"order","data":{}})",
       "specversion: \"0.3\" is not known"},
      {R"({"id":"7","source":"/shop","type":"order","data":{}})", "the attribute specversion is missing"},
      {R"({"specversion":"1.0","id":"","source":"/shop","type":"order","data":{}})",
       "the attribute id is missing"},
      {R"({"amount":1})", "no CloudEvent"},
  };
  for (const auto& [event, reason] : bad) {
    const RoundTrip trip = round_trip(orders(), BodyFormat::cloudevents_batch, "[" + event + "]");
    ASSERT_THAT(trip.reasons(), ElementsAre(HasSubstr(reason))) << event;
    EXPECT_EQ(trip.rejects[0].raw, event);
  }
  EXPECT_FALSE(EventParser(orders()).parse(BodyFormat::cloudevents, "[]"));
}

TEST(Csv, RecordsFollowRfc4180) {
  const RoundTrip trip =
      round_trip(flights(), BodyFormat::csv,
                 "\xef\xbb\xbf\"dep_delay\",carrier\r\n1,UA\r\n,\"A\"\"A,\r\nB\"\r\n\r\n\"-3\",B6");
  EXPECT_THAT(trip.rejects, IsEmpty());
  EXPECT_EQ(trip.batch.encoding, log::Encoding::csv);
  EXPECT_THAT(records_of(trip),
              ElementsAre("\"dep_delay\",carrier", "1,UA", ",\"A\"\"A,\r\nB\"", "\"-3\",B6"));
  ASSERT_EQ(trip.events.rows, 3u);
  EXPECT_EQ(trip.value(0, 1), "A\"A,\r\nB");
  EXPECT_EQ(trip.value(1, 1), "NULL");
  EXPECT_EQ(trip.value(1, 2), "-3");
  EXPECT_EQ(trip.events.raw[1], ",\"A\"\"A,\r\nB\"");
}

TEST(Csv, BadRecordsAreRejectedWithTheirLineAndBytes) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"UA", "has 1 fields; the header has 2"},
      {"UA,1,", "has 3 fields; the header has 2"},
      {"UA,5.7", "field dep_delay: 5.7 does not fit INTEGER without loss"},
      {"UA, 5", "field dep_delay: ' 5' is not a number"},
      {",5", "field carrier: is empty but required"},
      {"U\"A,5", "a quote in an unquoted field"},
      {"\"UA\"x,5", "after a quoted field comes a comma"},
      {"\xff,5", "is not valid UTF-8"},
      {std::string(event_bytes_max, 'x') + ",1", "an event has at most"},
  };
  for (const auto& [record, reason] : bad) {
    const std::string body = "carrier,dep_delay\n\"A\nA\",1\n" + record + "\nB6,2\n";
    const RoundTrip trip = round_trip(flights(), BodyFormat::csv, body);
    ASSERT_THAT(trip.reasons(), ElementsAre(HasSubstr(reason))) << record.substr(0, 100);
    EXPECT_TRUE(trip.rejects[0].reason.starts_with("line 4: ")) << trip.rejects[0].reason;
    EXPECT_EQ(trip.rejects[0].raw, record);
    EXPECT_EQ(trip.events.rows, 2u);
  }
  const RoundTrip open = round_trip(flights(), BodyFormat::csv, "carrier,dep_delay\nAA,1\n\"B6,2\nUA,3\n");
  EXPECT_EQ(open.events.rows, 1u);
  ASSERT_THAT(open.reasons(), ElementsAre(HasSubstr("line 3: a quoted field is not closed")));
  EXPECT_EQ(open.rejects[0].raw, "\"B6,2\nUA,3\n");
  const RoundTrip missing = round_trip(flights(), BodyFormat::csv, "dep_delay\n1\n");
  EXPECT_THAT(missing.reasons(),
              ElementsAre(HasSubstr("field carrier: is required but the header has no such column")));
  EXPECT_TRUE(missing.batch.payload.empty());
}

TEST(Csv, AHeaderThatCannotNameFieldsIsAnError) {
  for (const char* header : {"", "\n", "carrier,carrier", "carrier,Carrier", "CARRIER", "carrier,",
                             "carrier,_raw", "\"carrier", "carrier,\xff"}) {
    const auto parsed = EventParser(flights()).parse(BodyFormat::csv, std::string(header) + "\nUA,1\n");
    ASSERT_FALSE(parsed) << header;
    EXPECT_EQ(parsed.error().code, Code::bad_input);
  }
  EXPECT_FALSE(EventParser(flights()).parse(BodyFormat::csv, ""));
}

TEST(Csv, DriftLooksAtAllTextsOfAColumn) {
  const std::string body =
      "carrier,i,d,b,s,code,none,big\nAA,1,1,true,x,7,,1\nUA,,2.5,false,\"\",007,,99999999999999999999\n";
  const RoundTrip trip = round_trip(flights(), BodyFormat::csv, body);
  std::vector<std::string> fields;
  for (const model::Field& each : trip.new_fields) fields.push_back(each.name + " " + each.type.to_sql());
  EXPECT_THAT(fields,
              ElementsAre("i BIGINT", "d DOUBLE", "b BOOLEAN", "s VARCHAR", "code VARCHAR", "big DOUBLE"));
  ASSERT_EQ(trip.events.rows, 2u);
  EXPECT_EQ(trip.value(6, 1), "007");
  EXPECT_THAT(round_trip(flights(model::OnDrift::freeze), BodyFormat::csv, body).new_fields, IsEmpty());
  EXPECT_THAT(round_trip(flights(model::OnDrift::quarantine), BodyFormat::csv, body).reasons(),
              ElementsAre(HasSubstr("line 2: field i: the stream does not declare it"), HasSubstr("line 3")));
  // Only accepted events add fields.
  EXPECT_THAT(round_trip(flights(), BodyFormat::csv, "carrier,x\n,1\nUA,\n").new_fields, IsEmpty());
}

TEST(Csv, InOneColumnABlankLineIsANull) {
  const RoundTrip trip = round_trip({1, {field("v", "integer")}}, BodyFormat::csv, "v\n1\n\n3\n");
  ASSERT_EQ(trip.events.rows, 3u);
  EXPECT_EQ(trip.value(0, 1), "NULL");
}

TEST(EventParser, ForgetsTheDriftOfEarlierBodies) {
  EventParser parser(flights());
  EXPECT_EQ(parser.parse(BodyFormat::ndjson, "{\"carrier\":\"A\",\"x\":1}")->new_fields.size(), 1u);
  const auto again = parser.parse(BodyFormat::ndjson, "{\"carrier\":\"A\",\"x\":\"text\"}");
  ASSERT_EQ(again->new_fields.size(), 1u);
  EXPECT_EQ(again->new_fields[0].type.to_sql(), "VARCHAR");
}

TEST(BodyFormat, GoesByMediaType) {
  EXPECT_EQ(body_format("application/json; charset=utf-8").value(), BodyFormat::json);
  EXPECT_EQ(body_format("Application/X-NDJSON").value(), BodyFormat::ndjson);
  EXPECT_EQ(body_format("application/cloudevents+json").value(), BodyFormat::cloudevents);
  EXPECT_EQ(body_format("application/cloudevents-batch+json").value(), BodyFormat::cloudevents_batch);
  EXPECT_EQ(body_format("text/csv ;header=present").value(), BodyFormat::csv);
  EXPECT_EQ(body_format("image/png").error().code, Code::bad_input);
}

}  // namespace
}  // namespace anabranch::ingest
