// Random schemas, events and rubbish: nothing is lost, what is accepted decodes, and to what it was.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ingest/iso_time.h"
#include "ingest/round_trip.h"
#include "io/random.h"

namespace anabranch::ingest {
namespace {

using Kind = model::Type::Kind;

struct Value {
  std::string json;   // as it stands in an event
  std::string text;   // as a CSV field, unquoted
  std::string shown;  // what it becomes
};

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  int64_t number(int64_t least, int64_t most) {
    return std::uniform_int_distribution<int64_t>(least, most)(random_);
  }
  bool chance(int percent) { return number(1, 100) <= percent; }

  model::Type type(int depth = 0) {
    static const char* const flat[] = {
        "boolean", "tinyint", "smallint", "integer",      "bigint",       "hugeint",       "usmallint",
        "ubigint", "double",  "real",     "decimal(4,2)", "decimal(9,0)", "decimal(18,6)", "decimal(38,20)",
        "varchar", "date",    "time",     "timestamp",    "timestamptz",  "uuid",          "json"};
    model::Type made;
    switch (depth > 1 ? 9 : number(0, 9)) {
      case 0:
        made.kind = Kind::list;
        made.children = {type(depth + 1)};
        return made;
      case 1:
        made.kind = Kind::structure;
        for (int64_t i = 0, count = number(1, 4); i < count; ++i) {
          made.names.push_back(fmt::format("m{}", i));
          made.children.push_back(type(depth + 1));
        }
        return made;
      default:
        return model::Type::parse(flat[number(0, std::size(flat) - 1)]).value();
    }
  }

  std::string plain_text() {
    static const char* const pieces[] = {"a",  "B", " ", ",", "\"", "\\",   "\n",   "\t",   "é", "日",
                                         "😀", "{", "]", ":", "'",  "\r\n", "null", "\x01", "5"};
    std::string text;
    for (int64_t i = 0, count = number(0, 12); i < count; ++i)
      text += pieces[number(0, std::size(pieces) - 1)];
    return text;
  }

  // A JSON string of the text, its characters escaped where they must be and sometimes where not.
  std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '\n' && chance(50)) {
        out += "\\n";
      } else if ((c == '"' || c == '\\') && chance(70)) {
        out += fmt::format("\\{}", c);
      } else if (byte < 0x20 || c == '"' || c == '\\' || (byte < 0x80 && chance(2))) {
        out += chance(50) ? fmt::format("\\u{:04x}", byte) : fmt::format("\\u{:04X}", byte);
      } else {
        out += c;
      }
    }
    return out + "\"";
  }

  // The same integer, written in one of the ways that JSON has.
  std::string written(std::string digits) {
    switch (number(0, 6)) {
      case 0:
        return digits + ".0";
      case 1:
        return digits + ".000e0";
      case 2:
        return digits == "0" ? "0E-1" : digits + "0E-1";
      case 3:
        return digits + "e+00";
      default:
        return digits;
    }
  }

  std::string digits(int64_t count) {
    std::string text = fmt::to_string(number(1, 9));
    while (static_cast<int64_t>(text.size()) < count) text += static_cast<char>('0' + number(0, 9));
    return text;
  }

  Value integer(int64_t least, int64_t most) {
    const int64_t value = chance(10) ? least : chance(10) ? most : number(least, most);
    const std::string text = written(fmt::to_string(value));
    return {text, text, fmt::to_string(value)};
  }

  Value value(const model::Type& type) {
    switch (type.kind) {
      case Kind::boolean:
        return chance(50) ? Value{"true", "true", "1"} : Value{"false", "false", "0"};
      case Kind::tinyint:
        return integer(INT8_MIN, INT8_MAX);
      case Kind::smallint:
        return integer(INT16_MIN, INT16_MAX);
      case Kind::integer:
        return integer(INT32_MIN, INT32_MAX);
      case Kind::bigint:
        return integer(INT64_MIN, INT64_MAX);
      case Kind::usmallint:
        return integer(0, UINT16_MAX);
      case Kind::ubigint:
      case Kind::hugeint: {
        const std::string plain = (type.kind == Kind::hugeint && chance(50) ? "-" : "") +
                                  digits(number(1, type.kind == Kind::hugeint ? 38 : 19));
        const std::string text = written(plain);
        return {text, text, plain};
      }
      case Kind::decimal: {
        const int64_t whole = number(0, type.width - type.scale);
        std::string fraction;
        for (int i = 0; i < type.scale; ++i) fraction += static_cast<char>('0' + number(0, 9));
        const std::string before = whole == 0 ? "0" : digits(whole);
        std::string shown = before + fraction;
        shown.erase(0, std::min(shown.find_first_not_of('0'), shown.size() - 1));
        std::string text =
            type.scale == 0 ? written(before) : before + "." + fraction + (chance(20) ? "000" : "");
        if (shown != "0" && chance(50)) {
          text.insert(0, "-");
          shown.insert(0, "-");
        }
        return {text, text, shown};
      }
      case Kind::double_precision:
      case Kind::real: {
        const double wide = std::ldexp(static_cast<double>(number(-(int64_t{1} << 53), int64_t{1} << 53)),
                                       static_cast<int>(number(-90, type.kind == Kind::real ? 60 : 900)));
        std::string text =
            type.kind == Kind::real ? fmt::format("{}", static_cast<float>(wide)) : fmt::format("{}", wide);
        return {text, text, text};
      }
      case Kind::varchar: {
        const std::string text = plain_text();
        return {quoted(text), text, text};
      }
      case Kind::date:
      case Kind::timestamp:
      case Kind::timestamptz: {
        const bool is_date = type.kind == Kind::date;
        const int64_t day = number(-719162, 2932896);
        const int64_t us = number(0, 86'399'999'999);
        std::string text;
        append_date(text, static_cast<int32_t>(day));
        if (!is_date) {
          text += chance(50) ? "T" : " ";
          append_time(text, us);
          if (chance(50)) text += chance(50) ? "Z" : "+00:00";
        }
        return {quoted(text), text, fmt::to_string(is_date ? day : day * 86'400'000'000 + us)};
      }
      case Kind::time: {
        const int64_t us = number(0, 86'399'999'999);
        std::string text;
        append_time(text, us);
        return {quoted(text), text, fmt::to_string(us)};
      }
      case Kind::uuid: {
        std::string text;
        for (int i = 0; i < 36; ++i) {
          text += i == 8 || i == 13 || i == 18 || i == 23 ? '-' : "0123456789abcdef"[number(0, 15)];
        }
        std::string given = text;
        if (chance(50)) {
          for (char& c : given) c = static_cast<char>(std::toupper(c));
        }
        return {quoted(given), given, text};
      }
      case Kind::json: {
        const std::string text = json_text(0);
        if (text == "null") return value(type);
        return {text, text, text};
      }
      case Kind::list: {
        std::string json = "[";
        std::string shown = "[";
        for (int64_t i = 0, count = number(0, 4); i < count; ++i) {
          if (i > 0) json += chance(50) ? " , " : ",";
          if (i > 0) shown += ',';
          const auto [element, element_shown] = member(type.children[0]);
          json += element;
          shown += element_shown;
        }
        return {json + "]", json + "]", shown + "]"};
      }
      case Kind::structure: {
        std::vector<std::string> members;
        std::string shown = "{";
        for (size_t i = 0; i < type.children.size(); ++i) {
          auto [element, element_shown] = member(type.children[i]);
          if (chance(20)) {
            element_shown = "null";
          } else {
            members.push_back(quoted(type.names[i]) + ": " + element);
          }
          shown += fmt::format("{}\"{}\":{}", i > 0 ? "," : "", type.names[i], element_shown);
        }
        std::shuffle(members.begin(), members.end(), random_);
        const std::string json = fmt::format("{{{}}}", fmt::join(members, ", "));
        return {json, json, shown + "}"};
      }
      default:
        ADD_FAILURE() << type.to_sql();
        return {};
    }
  }

  // A value inside a list or struct, and the JSON that it becomes.
  std::pair<std::string, std::string> member(const model::Type& type) {
    if (chance(10)) return {"null", "null"};
    const bool is_nested = type.kind == Kind::list || type.kind == Kind::structure || type.kind == Kind::json;
    const bool is_plain = type.kind == Kind::tinyint || type.kind == Kind::smallint ||
                          type.kind == Kind::integer || type.kind == Kind::bigint ||
                          type.kind == Kind::usmallint || type.kind == Kind::ubigint;
    const Value made = value(type);
    if (is_nested || is_plain) return {made.json, made.shown};
    if (type.kind == Kind::boolean) return {made.json, made.json};
    if (type.kind == Kind::double_precision) return {made.json, made.shown};
    if (type.kind == Kind::hugeint || type.kind == Kind::uuid) return {made.json, '"' + made.shown + '"'};
    // How the others are written again is the subject of the table of nested values: here null will do.
    return {"null", "null"};
  }

  std::string json_text(int depth) {
    switch (number(0, depth > 3 ? 4 : 6)) {
      case 0:
        return "null";
      case 1:
        return "true";
      case 2:
        return fmt::to_string(number(-1000, 1000)) + (chance(30) ? ".50" : "");
      case 3:
      case 4:
        return quoted(plain_text());
      case 5: {
        std::string text = "[";
        for (int64_t i = 0, count = number(0, 3); i < count; ++i)
          text += (i ? ", " : "") + json_text(depth + 1);
        return text + "]";
      }
      default: {
        std::string text = "{";
        for (int64_t i = 0, count = number(0, 3); i < count; ++i) {
          text += fmt::format("{}\"k{}\" : {}", i ? "," : "", i, json_text(depth + 1));
        }
        return text + "}";
      }
    }
  }

  // One line that may be anything.
  std::string rubbish(const std::string& sound) {
    std::string line = sound;
    for (int64_t i = 0, count = number(1, 4); i < count && !line.empty(); ++i) {
      const auto at = static_cast<size_t>(number(0, static_cast<int64_t>(line.size()) - 1));
      switch (number(0, 3)) {
        case 0:
          line.erase(at, static_cast<size_t>(number(1, 5)));
          break;
        case 1:
          line[at] = static_cast<char>(number(0, 255));
          break;
        case 2:
          line.insert(at, 1, "{}[]\",:\\0e-"[number(0, 10)]);
          break;
        default:
          line.resize(at);
      }
    }
    for (char& c : line) {
      if (c == '\n' || c == '\r') c = ' ';
    }
    return line;
  }

  model::Schema schema() {
    model::Schema made;
    made.version = 1;
    made.on_drift = model::OnDrift::freeze;
    for (int64_t i = 0, count = number(1, 12); i < count; ++i) {
      made.fields.push_back({fmt::format("field_{}", i), type(), false, {}});
    }
    return made;
  }

  struct Event {
    std::string json;
    std::string csv;
    std::vector<std::string> shown;
  };

  Event event(const model::Schema& schema) {
    Event made;
    std::vector<std::string> members;
    for (const model::Field& each : schema.fields) {
      if (!made.csv.empty() || &each != &schema.fields.front()) made.csv += ',';
      if (chance(15)) {
        made.shown.push_back("NULL");
        if (chance(50)) members.push_back(quoted(each.name) + ":null");
        continue;
      }
      const Value given = value(each.type);
      made.shown.push_back(given.shown);
      members.push_back((chance(95) ? '"' + each.name + '"' : quoted(each.name)) +
                        (chance(30) ? " : " : ":") + given.json);
      const bool must_quote = given.text.empty() || given.text.find_first_of(",\"\r\n") != std::string::npos;
      if (must_quote || chance(20)) {
        made.csv += '"';
        for (const char c : given.text) made.csv += c == '"' ? "\"\"" : std::string(1, c);
        made.csv += '"';
      } else {
        made.csv += given.text;
      }
    }
    if (chance(10)) members.push_back("\"undeclared\":" + json_text(0));
    if (chance(30)) std::shuffle(members.begin(), members.end(), random_);
    made.json = fmt::format("{{{}}}", fmt::join(members, chance(30) ? ", " : ","));
    return made;
  }

 private:
  std::mt19937_64 random_;
};

uint64_t seed() {
  const char* given = std::getenv("ANABRANCH_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : io::random_u64();
}

void expect_shown(const RoundTrip& trip, const std::vector<std::vector<std::string>>& expected) {
  ASSERT_EQ(trip.events.rows, expected.size()) << (trip.rejects.empty() ? "" : trip.rejects[0].reason);
  for (size_t row = 0; row < expected.size(); ++row) {
    for (size_t i = 0; i < expected[row].size(); ++i) {
      ASSERT_EQ(trip.value(i, row), expected[row][i])
          << trip.events.schema->fields[i].type.to_sql() << " in " << trip.events.raw[row];
    }
  }
}

TEST(RandomEvents, WhatIsSoundDecodesToWhatItWas) {
  const uint64_t first = seed();
  for (uint64_t round = 0; round < 300; ++round) {
    SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", first + round));
    Generator generator(first + round);
    const model::Schema schema = generator.schema();
    std::string ndjson;
    std::string array = "[";
    std::string csv;
    for (const model::Field& each : schema.fields) csv += (csv.empty() ? "" : ",") + each.name;
    std::vector<std::vector<std::string>> expected;
    for (int64_t i = 0, count = generator.number(1, 40); i < count; ++i) {
      const Generator::Event event = generator.event(schema);
      ndjson += event.json + (generator.chance(10) ? "\r\n" : "\n");
      array += (i > 0 ? ",\n" : "") + event.json;
      csv += (generator.chance(10) ? "\r\n" : "\n") + event.csv;
      expected.push_back(event.shown);
    }
    expect_shown(round_trip(schema, BodyFormat::ndjson, ndjson), expected);
    expect_shown(round_trip(schema, BodyFormat::json, array + "]"), expected);
    // In one column a blank last line cannot be told from the end of the file: so end it.
    expect_shown(round_trip(schema, BodyFormat::csv, csv + "\n"), expected);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(RandomEvents, NothingIsLostAndWhatIsAcceptedDecodes) {
  const uint64_t first = seed();
  for (uint64_t round = 0; round < 300; ++round) {
    SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", first + round));
    Generator generator(first + round);
    model::Schema schema = generator.schema();
    schema.on_drift = static_cast<model::OnDrift>(generator.number(0, 2));
    schema.fields[0].required = generator.chance(30);
    std::vector<std::string> lines;
    std::string body;
    for (int64_t i = 0, count = generator.number(1, 30); i < count; ++i) {
      std::string line = generator.event(schema).json;
      if (generator.chance(60)) line = generator.rubbish(line);
      if (line.find_first_not_of(" \t") == std::string::npos || (i == 0 && line.starts_with("\xef\xbb\xbf")))
        continue;
      body += line + "\n";
      lines.push_back(line);
    }
    const RoundTrip trip = round_trip(schema, BodyFormat::ndjson, body);
    // The records and the rejects, each in order, together are the lines.
    const auto records = log::split_records(trip.batch.payload).value();
    ASSERT_EQ(records.size() + trip.rejects.size(), lines.size());
    size_t accepted = 0;
    size_t rejected = 0;
    for (const std::string& line : lines) {
      if (accepted < records.size() && records[accepted] == line) {
        EXPECT_EQ(trip.events.raw[accepted], line);
        ++accepted;
      } else {
        ASSERT_LT(rejected, trip.rejects.size());
        ASSERT_EQ(trip.rejects[rejected].raw, line);
        ASSERT_FALSE(trip.rejects[rejected].reason.empty());
        ASSERT_TRUE(simdjson::validate_utf8(trip.rejects[rejected].reason));
        ++rejected;
      }
    }
    // Bodies of any bytes, cut anywhere, in any format: an error or a batch that decodes, never a crash.
    const std::string broken = generator.rubbish(body);
    for (const BodyFormat format :
         {BodyFormat::ndjson, BodyFormat::json, BodyFormat::cloudevents_batch, BodyFormat::csv}) {
      for (const std::string& any : {broken, "[" + broken + "]", "field_0,field_1\n" + body}) {
        if (EventParser(schema).parse(format, any)) round_trip(schema, format, any);
      }
    }
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace anabranch::ingest
