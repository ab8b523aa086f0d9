// The plain decoder against the one that ticks use: the same events give the same rows.

#include "quality/plain_decoder.h"

#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ingest/decoder.h"
#include "ingest/event_parser.h"
#include "sql/database.h"
#include "sql/syntax.h"
#include "tests/support/seed.h"

namespace anabranch::quality {
namespace {

// One batch, as ticks decode it.
class BatchFeed final : public sql::Feed {
 public:
  explicit BatchFeed(std::shared_ptr<const model::ColumnBatch> batch) : batch_(std::move(batch)) {}
  Result<std::unique_ptr<Cursor>> open(model::Offset, model::Offset) override {
    class Once final : public Cursor {
     public:
      explicit Once(std::shared_ptr<const model::ColumnBatch> batch) : batch_(std::move(batch)) {}
      Result<std::shared_ptr<const model::ColumnBatch>> next() override {
        return std::exchange(batch_, nullptr);
      }

     private:
      std::shared_ptr<const model::ColumnBatch> batch_;
    };
    return std::make_unique<Once>(batch_);
  }

 private:
  std::shared_ptr<const model::ColumnBatch> batch_;
};

class PlainDecoder : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = sql::Database::open({}).value();
    session_.emplace(database_->connect().value());
  }

  static model::Schema schema_of(const std::vector<std::pair<std::string, std::string>>& fields) {
    model::Schema schema;
    schema.version = 1;
    schema.on_drift = model::OnDrift::freeze;
    for (const auto& [name, type] : fields) schema.fields.push_back({name, model::Type::parse(type).value()});
    return schema;
  }

  // How many events were accepted; fails where the two disagree on one of them.
  uint32_t compare(const model::Schema& schema, ingest::BodyFormat format, const std::string& body) {
    auto parsed = ingest::EventParser(schema).parse(format, body);
    if (!parsed) {
      ADD_FAILURE() << parsed.error().describe();
      return 0;
    }
    log::Batch batch;
    batch.base_offset = 7;
    batch.count = parsed->batch.count;
    batch.schema_version = 1;
    batch.encoding = parsed->batch.encoding;
    batch.ingested_at_us = 5;
    batch.payload = std::make_shared<const std::string>(parsed->batch.payload);
    rejects_ = parsed->batch.rejects;
    if (batch.count == 0) return 0;
    auto theirs = ingest::decode(batch, std::make_shared<const model::Schema>(schema), 7, 7 + batch.count);
    EXPECT_TRUE(theirs) << theirs.error().describe();

    LogRecords records;
    records.base_offset = 7;
    records.count = batch.count;
    records.schema_version = 1;
    records.encoding = batch.encoding;
    const auto split = log::split_records(*batch.payload);
    for (const auto record : *split) records.records.emplace_back(record);
    const auto ours = decode_plainly(records, schema);
    EXPECT_TRUE(ours) << ours.error().describe();
    if (!theirs || !ours) return 0;

    const std::string name = fmt::format("feed{}", ++number_);
    // What is nested leaves the decoder as JSON text; here the engine casts it in a statement.
    model::Schema carried = schema;
    std::string columns;
    for (model::Field& field : carried.fields) {
      const std::string column = sql::quote_identifier(field.name);
      const bool is_nested = !field.type.children.empty();
      columns += is_nested ? fmt::format("CAST({0}::JSON AS {1}) AS {0}, ", column, field.type.to_sql())
                           : column + ", ";
      if (is_nested) field.type = model::Type::parse("varchar").value();
    }
    theirs->schema = std::make_shared<const model::Schema>(carried);
    EXPECT_TRUE(database_->register_feed(
        name, carried,
        std::make_shared<BatchFeed>(std::make_shared<const model::ColumnBatch>(std::move(*theirs)))));
    run(fmt::format(
        "CREATE OR REPLACE TABLE theirs AS SELECT {}_partition, _offset, _ingested_at, _raw FROM {}()",
        columns, name));
    run("CREATE OR REPLACE TABLE ours AS FROM theirs LIMIT 0");
    auto writer = sql::TableWriter::open(*session_, "main", "ours");
    EXPECT_TRUE(writer);
    for (PlainEvent event : *ours) {
      event.fields.push_back(sql::Value::of_integer(0));
      event.fields.push_back(sql::Value::of_integer(event.offset));
      event.fields.push_back(sql::Value::of_integer(5));
      event.fields.push_back(sql::Value::of_text(event.raw));
      const Status added = writer->append(event.fields);
      EXPECT_TRUE(added) << added.error().describe() << "\n" << event.raw;
    }
    EXPECT_TRUE(writer->close());
    expect_same(schema);
    return batch.count;
  }

  void run(const std::string& sql) {
    const Status done = session_->run(sql);
    ASSERT_TRUE(done) << done.error().describe() << "\n" << sql;
  }

  void expect_same(const model::Schema& schema) {
    for (const auto& field : schema.fields) {
      const std::string name = sql::quote_identifier(field.name);
      // As text too, in which -0.0 is not 0.0 and JSON keeps its spaces.
      const auto rows =
          session_->query(fmt::format("SELECT o.{0}::VARCHAR, t.{0}::VARCHAR, o._raw FROM ours AS o FULL "
                                      "JOIN theirs AS t USING (_offset) WHERE "
                                      "o.{0} IS DISTINCT FROM t.{0} OR o.{0}::VARCHAR IS DISTINCT FROM "
                                      "t.{0}::VARCHAR OR o._raw IS DISTINCT FROM "
                                      "t._raw LIMIT 3",
                                      name));
      ASSERT_TRUE(rows) << rows.error().describe();
      for (size_t i = 0; i < rows->row_count(); ++i) {
        ADD_FAILURE() << field.name << " " << field.type.to_sql() << ": plainly "
                      << rows->text(i, 0).value_or("NULL") << ", by the other decoder "
                      << rows->text(i, 1).value_or("NULL") << "\n"
                      << rows->text(i, 2).value_or("NULL");
      }
    }
  }

  std::unique_ptr<sql::Database> database_;
  std::optional<sql::Session> session_;
  std::vector<log::Reject> rejects_;
  int number_ = 0;
};

const std::vector<std::pair<std::string, std::string>> every_type = {
    {"b", "boolean"},
    {"i1", "tinyint"},
    {"i2", "smallint"},
    {"i4", "integer"},
    {"i8", "bigint"},
    {"i16", "hugeint"},
    {"u1", "utinyint"},
    {"u2", "usmallint"},
    {"u4", "uinteger"},
    {"u8", "ubigint"},
    {"r", "real"},
    {"d", "double"},
    {"n4", "decimal(4,2)"},
    {"n9", "decimal(9,0)"},
    {"n18", "decimal(18,6)"},
    {"n38", "decimal(38,20)"},
    {"t", "varchar"},
    {"y", "blob"},
    {"day", "date"},
    {"clock", "time"},
    {"at", "timestamp"},
    {"atz", "timestamptz"},
    {"span", "interval"},
    {"id", "uuid"},
    {"j", "json"},
    {"l", "varchar[]"},
    {"ll", "integer[][]"},
    {"s", "struct(a integer, \"b c\" varchar, d double[])"},
    {"m", "map(varchar, decimal(9,3))"},
    {"ls", "struct(x bigint, w timestamp)[]"},
    {"mi", "map(integer, date)"},
};

TEST_F(PlainDecoder, HasTheSameValuesOnEdges) {
  const model::Schema schema = schema_of(every_type);
  const char* const events[] = {
      R"({})",
      R"({"b":true,"i1":-128,"i2":32767,"i4":5.0,"i8":9223372036854775807,"i16":-99999999999999999999999999999999999999})",
      R"({"u1":255,"u2":65535,"u4":4294967295,"u8":18446744073709551615,"i4":1e3,"i8":10e-1,"n4":-99.99,"n9":123456789})",
      R"({"r":3.4028234e38,"d":1.7976931348623157e308,"n18":0.000001,"n38":0.12345678901234567890})",
      R"({"r":1e-60,"d":5e-324,"i2":-0,"i4":-0.0,"d":-0.0})",
      R"({"d":-0.0,"r":-0,"i1":0.000e5,"n4":1.50000000})",
      R"({"d":0.1e-5000,"i4":12000e-3,"n18":12e-7000000000})",
      R"({"t":"é日😀 \u00e9\ud83d\ude00 \" \\ \/ \b\f\n\r\t \u0000 x","y":"AAEC/w==","j":{"a": [1, 2.50, "x y"], "b":null}})",
      R"({"t":"","y":"","j":"text","l":[],"ll":[],"s":{},"m":{},"ls":[]})",
      R"({"j":null,"l":null,"s":null,"m":null,"t":null})",
      R"({"j":1.500,"day":"2013-02-28","clock":"23:59:59.999999","at":"2013-01-31T05:00:00.5Z","atz":"2013-01-31T05:00:00+02:30"})",
      R"({"day":"-0044-03-15","at":"0001-01-01","atz":"+290000-12-31T00:00:00Z"})",
      R"({"day":"2000-02-29T23:00:00-01:00","clock":"05:07Z","at":"1969-12-31 23:59:59.999999","atz":"2013-01-31t05:00z"})",
      R"({"day":"-290000-01-01","at":"-0001-12-31T12:00","clock":"00:00"})",
      R"({"span":"P1Y2M3W4DT5H6M7.8S","id":"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"})",
      R"({"span":"-P1Y-2MT-0.000001S","id":"{a0eebc999c0b4ef8bb6d6bb9bd380a11}"})",
      R"({"l":["a",null,"b,c","it's","\"q\"","null","[x]"],"ll":[[1,2],[],null,[3]],"s":{"b c":"z","a":1,"d":[0.1,-2e10]}})",
      R"({"m":{"k":1.5,"a b":null,"":-0.001},"ls":[{"w":"2013-01-31T05:00:00","x":1},null,{}],"mi":{"-5":"2013-01-01","7":null}})",
      R"(  { "i4" : 1 , "unknown" : [ { "x" : 1 } ] , "t" : "after" }  )",
      R"({"\u0069\u0034":77,"t":"escaped name"})",
  };
  uint32_t accepted = 0;
  std::string why;
  for (const char* event : events) {
    const uint32_t one = compare(schema, ingest::BodyFormat::ndjson, event);
    if (one == 0 && !rejects_.empty()) why += "\n" + rejects_[0].reason + ": " + event;
    accepted += one;
  }
  EXPECT_GE(accepted, std::size(events) - 2) << why;
}

TEST_F(PlainDecoder, HasTheSameValuesOfCsvAndCloudEvents) {
  const model::Schema schema = schema_of(every_type);
  EXPECT_EQ(
      compare(schema, ingest::BodyFormat::csv,
              "i4,t,d,extra,b,at,l,j,n18\r\n"
              "1,plain,2.5,x,true,2013-01-31T05:00:00Z,\"[\"\"a\"\",null]\",\" {\"\"a\"\": 1 } \",12.5\r\n"
              ",\"\",,,false,,,,\n"
              "-7,\"a, \"\"b\"\"\nc\",1e-3,\"\",,\"2013-01-31\",[],null,0.000001\n"),
      3u);
  EXPECT_EQ(
      compare(
          schema, ingest::BodyFormat::cloudevents_batch,
          R"([{"specversion":"1.0","id":"00000000-0000-0000-0000-000000000001","source":"/a","type":"x","t":"from outside","i4":5,)"
          R"("data":{"i8":1,"t":"inside"}},)"
          R"({"specversion":"1.0","id":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","source":"/a","type":"x",)"
          R"("t":"outside","data":{"i4":3,"j":{"data":1}}}])"),
      2u);
}

// ---- random events ----

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}
  int64_t number(int64_t least, int64_t most) {
    return std::uniform_int_distribution<int64_t>(least, most)(random_);
  }
  bool chance(int percent) { return number(1, 100) <= percent; }

  std::string digits(int64_t count) {
    std::string text = fmt::to_string(number(1, 9));
    while (static_cast<int64_t>(text.size()) < count) text += static_cast<char>('0' + number(0, 9));
    return text;
  }
  std::string numeral(int64_t digits_max, int64_t scale) {
    std::string text =
        (chance(40) ? "-" : "") + (chance(20) ? std::string("0") : digits(number(1, digits_max)));
    if (scale > 0 && chance(60)) {
      text += ".";
      for (int64_t i = number(1, scale); i > 0; --i) text += static_cast<char>('0' + number(0, 9));
    } else if (chance(15)) {
      text += ".0";
    }
    if (chance(10)) text += fmt::format("e{}", number(-2, 2));
    return text;
  }
  std::string text() {
    static const char* const pieces[] = {
        "a", "B", " ", ",", "\\\"",           "\\\\", "\\n",     "\\u00e9", "é",   "日",           "😀",
        "{", "]", ":", "'", "\\ud83d\\ude00", "null", "\\u0001", "5",       "\\/", "0123456789abc"};
    std::string out = "\"";
    for (int64_t i = number(0, 8); i > 0; --i) out += pieces[number(0, std::size(pieces) - 1)];
    return out + "\"";
  }
  std::string time() {
    std::string out = fmt::format("{:02}:{:02}", number(0, 24), number(0, 59));
    if (chance(80)) out += fmt::format(":{:02}", number(0, 60));
    if (chance(40)) out += "." + digits(number(1, 7));
    return out;
  }
  std::string date() {
    return fmt::format("{:04}-{:02}-{:02}", number(0, 9999), number(1, 12), number(1, 29));
  }
  std::string zone() {
    if (chance(50)) return "";
    return chance(50) ? "Z"
                      : fmt::format("{}{:02}:{:02}", chance(50) ? "+" : "-", number(0, 15), number(0, 59));
  }

  std::string value(const model::Type& type, int depth = 0) {
    using Kind = model::Type::Kind;
    if (chance(8)) return "null";
    if (chance(2)) return "\"wrong\"";
    switch (type.kind) {
      case Kind::boolean:
        return chance(50) ? "true" : "false";
      case Kind::real:
      case Kind::double_precision:
        return numeral(18, 18) + (chance(20) ? fmt::format("e{}", number(-20, 15)) : "");
      case Kind::decimal:
        return numeral(type.width - type.scale, type.scale);
      case Kind::hugeint:
        return numeral(38, 0);
      case Kind::varchar:
        return text();
      case Kind::blob:
        return chance(50) ? "\"AAEC/w==\"" : "\"QUJD\"";
      case Kind::date:
        return "\"" + date() + "\"";
      case Kind::time:
        return "\"" + time() + "\"";
      case Kind::timestamp:
      case Kind::timestamptz:
        return "\"" + date() + (chance(80) ? (chance(50) ? "T" : " ") + time() + zone() : "") + "\"";
      case Kind::interval:
        return fmt::format("\"P{}Y{}M{}DT{}H{}.{}S\"", number(0, 99), number(0, 99), number(0, 999),
                           number(0, 999), number(0, 99), number(0, 9999));
      case Kind::uuid: {
        std::string out;
        for (int i = 0; i < 32; ++i) out += "0123456789abcdefABCDEF"[number(0, 21)];
        return "\"" + out + "\"";
      }
      case Kind::json:
        return depth > 2 || chance(40) ? text()
                                       : fmt::format("{{\"a\": [{}, 1.50 ,true]}}", value(type, depth + 1));
      case Kind::list: {
        std::string out = "[";
        for (int64_t i = number(0, 3); i > 0; --i)
          out += value(type.children[0], depth + 1) + (i > 1 ? " , " : "");
        return out + "]";
      }
      case Kind::structure: {
        std::string out;
        for (size_t i = type.names.size(); i-- > 0;) {
          if (chance(20)) continue;
          out += fmt::format("{}\"{}\":{}", out.empty() ? "" : ",", type.names[i],
                             value(type.children[i], depth + 1));
        }
        return "{" + out + "}";
      }
      case Kind::map: {
        std::string out;
        for (int64_t i = number(0, 3); i > 0; --i) {
          const std::string key = type.children[0].kind == Kind::varchar ? fmt::format("\"k{}\"", i)
                                                                         : fmt::format("\"{}\"", i * 7 - 10);
          out += (out.empty() ? "" : ",") + key + ":" + value(type.children[1], depth + 1);
        }
        return "{" + out + "}";
      }
      default:
        return numeral(chance(20) ? 20 : 2, 0);
    }
  }

 private:
  std::mt19937_64 random_;
};

TEST_F(PlainDecoder, HasTheSameValuesOfRandomEventsOfEveryType) {
  const uint64_t seed = test::seed();
  SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", seed));
  Generator generator(seed);
  const model::Schema schema = schema_of(every_type);
  std::map<std::string, int> reached;
  uint32_t accepted = 0;
  for (int round = 0; round < 20; ++round) {
    std::string body;
    for (int i = 0; i < 300; ++i) {
      std::string event;
      // A few fields each, as one that does not fit sends the event to quarantine.
      for (const auto& field : schema.fields) {
        if (!generator.chance(12)) continue;
        event +=
            fmt::format("{}\"{}\":{}", event.empty() ? "" : ", ", field.name, generator.value(field.type));
        ++reached[field.type.to_sql()];
      }
      body += "{" + event + "}\n";
    }
    accepted += compare(schema, ingest::BodyFormat::ndjson, body);
    if (HasFailure()) return;
  }
  EXPECT_GT(accepted, 2000u) << (rejects_.empty() ? "" : rejects_[0].reason);
  for (const auto& field : schema.fields) EXPECT_GT(reached[field.type.to_sql()], 50) << field.type.to_sql();
}

TEST_F(PlainDecoder, KnowsFieldsByEarlierNames) {
  model::Schema schema = schema_of({{"url", "varchar"}, {"n", "integer"}});
  schema.fields[0].was = {"page", "address"};
  schema.fields[1].was = {"number"};
  EXPECT_EQ(compare(schema, ingest::BodyFormat::ndjson,
                    "{\"page\":\"a\",\"number\":1}\n{\"n\":2,\"address\":\"b\"}\n{\"url\":null}\n"),
            3u);
  EXPECT_EQ(compare(schema, ingest::BodyFormat::csv, "number,address,x\n1,a,2\n,,\n"), 2u);
  const std::string head = R"({"specversion":"1.0","id":"1","source":"s","type":"t",)";
  EXPECT_EQ(compare(schema, ingest::BodyFormat::cloudevents,
                    head + R"("url":"no","address":"no","data":{"page":"yes","number":5}})"),
            1u);
  EXPECT_EQ(compare(schema, ingest::BodyFormat::cloudevents, head + R"("address":"yes","data":{}})"), 1u);
}

TEST_F(PlainDecoder, SaysWhichEventDoesNotFit) {
  LogRecords batch;
  batch.base_offset = 40;
  batch.count = 2;
  batch.records = {R"({"i4":1})", R"({"i4":"x"})"};
  const auto decoded = decode_plainly(batch, schema_of({{"i4", "integer"}}));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Code::corrupt);
  EXPECT_NE(decoded.error().message.find("offset 41"), std::string::npos) << decoded.error().message;
}

}  // namespace
}  // namespace anabranch::quality
