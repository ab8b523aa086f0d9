#include "tests/fuzz/value.h"

#include <fmt/format.h>

#include "sql/syntax.h"

namespace anabranch::fuzz {

using Kind = model::Type::Kind;
using model::Type;

namespace {

const char* const short_texts[] = {"a", "B", "b",   "A",   "",    "z 9",  "12",   "-7",
                                   "x", "ß", "Ünï", "10%", "a_b", "it's", "q\"q", "tab\there"};
const char* const long_texts[] = {"a text that is longer than twelve bytes", "\"@bronze.e\" AS \"@main\"",
                                  "'; DROP TABLE epoch; --", "line one\nline two of a text",
                                  "SELECT * FROM \"@gold.n!\" -- no"};

std::string text_of(Random& random, bool is_nested, const ValueStyle& style) {
  const bool is_long = is_nested ? style.has_long_nested_texts && random.chance(60) : random.chance(15);
  return is_long ? random.pick(std::vector<std::string>(std::begin(long_texts), std::end(long_texts)))
                 : random.pick(std::vector<std::string>(std::begin(short_texts), std::end(short_texts)));
}

std::string bytes_of(Random& random) {
  std::string bytes;
  for (int n = random.below(5); n > 0; --n)
    bytes += static_cast<char>(random.pick(std::vector<int>{0, 1, 65, 39, 34, 128, 255}));
  return bytes;
}

std::string base64(std::string_view bytes) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i)
      group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    for (size_t i = 0; i < 4; ++i) out += at + i <= bytes.size() ? digits[group >> (18 - 6 * i) & 63] : '=';
  }
  return out;
}

// An integer between the ends of its type; near zero unless wide.
std::string integer(Random& random, const char* least, const char* most, int small_least, int small_most,
                    const ValueStyle& style) {
  if (style.has_wide_numbers && random.chance(40)) return random.chance(50) ? least : most;
  return fmt::format("{}", random.between(small_least, small_most));
}

std::string date(Random& random) {
  if (random.chance(4)) return random.pick({"1969-12-31", "2012-02-29", "0001-01-01", "9999-12-31"});
  return fmt::format("{}-{:02}-{:02}", random.between(2012, 2014), random.between(1, 12),
                     random.between(1, 28));
}

std::string time(Random& random) {
  const std::string text =
      fmt::format("{:02}:{:02}:{:02}", random.below(24), random.pick(std::vector<int>{0, 30, 59}),
                  random.pick(std::vector<int>{0, 59}));
  return random.chance(30) ? text + fmt::format(".{:06}", random.pick(std::vector<int>{1, 500000, 999999}))
                           : text;
}

}  // namespace

Value random_value(Random& random, const Type& type, const ValueStyle& style, int depth) {
  const auto maybe = [&](const Type& child) {
    return random.chance(12) ? Value{} : random_value(random, child, style, depth + 1);
  };
  switch (type.kind) {
    case Kind::boolean:
      return Value::of(random.chance(50) ? "true" : "false");
    case Kind::tinyint:
      return Value::of(integer(random, "-128", "127", -20, 20, style));
    case Kind::smallint:
      return Value::of(integer(random, "-32768", "32767", -100, 100, style));
    case Kind::integer:
      return Value::of(integer(random, "-2147483648", "2147483647", -50, 100, style));
    case Kind::bigint:
      return Value::of(integer(random, "-9223372036854775808", "9223372036854775807", -1000, 100000, style));
    case Kind::hugeint:
      return Value::of(integer(random, "-99999999999999999999999999999999999999",
                               "99999999999999999999999999999999999999", -1000, 1000, style));
    case Kind::utinyint:
      return Value::of(integer(random, "0", "255", 0, 20, style));
    case Kind::usmallint:
      return Value::of(integer(random, "0", "65535", 0, 100, style));
    case Kind::uinteger:
      return Value::of(integer(random, "0", "4294967295", 0, 1000, style));
    case Kind::ubigint:
      return Value::of(integer(random, "0", "18446744073709551615", 0, 1000, style));
    case Kind::real:
    case Kind::double_precision:  // eighths: sums of them are exact in any order
      return Value::of(fmt::format("{}", random.between(-4000, 8000) / 8.0));
    case Kind::decimal: {
      const int digits_max = type.width - type.scale > 3 ? 3 : type.width - type.scale;
      int most = 1;
      for (int i = 0; i < digits_max; ++i) most *= 10;
      std::string text = fmt::format("{}{}", random.chance(30) ? "-" : "", random.below(most));
      if (type.scale > 0) {
        text += '.';
        for (int i = 0; i < type.scale; ++i) text += static_cast<char>('0' + (i < 2 ? random.below(10) : 0));
      }
      return Value::of(text);
    }
    case Kind::varchar:
      return Value::of(text_of(random, depth > 0, style));
    case Kind::blob:
      return Value::of(bytes_of(random));
    case Kind::date:
      return Value::of(date(random));
    case Kind::time:
      return Value::of(time(random));
    case Kind::timestamp:
    case Kind::timestamptz:
      return Value::of(date(random) + " " + time(random));
    case Kind::interval:
      return Value::of(random.pick({"P1D", "PT2H", "P1M", "P1Y2M3DT4H5M6S", "PT0S", "PT90M"}));
    case Kind::uuid:
      return Value::of(fmt::format("{:08x}-0000-4000-8000-{:012x}", random.below(4), random.below(3)));
    case Kind::json:
      return Value::of(random.pick({"{\"a\":1,\"b\":[1,2]}", "{\"a\":\"x\"}", "[1,null,\"z\"]", "5", "\"t\"",
                                    "{\"a\":{\"c\":true}}", "{}", "{\"a\":null}"}));
    case Kind::list: {
      Value list{false, {}, {}};
      for (int n = random.below(4); n > 0; --n) list.items.push_back(maybe(type.children[0]));
      return list;
    }
    case Kind::structure: {
      Value structure{false, {}, {}};
      for (const Type& child : type.children) structure.items.push_back(maybe(child));
      return structure;
    }
    case Kind::map: {
      Value map{false, {}, {}};
      for (int n = 0, size = random.below(3); n < size; ++n) {
        map.items.push_back(Value::of(fmt::format("{}{}", n == 0 ? "k" : "key", n)));
        map.items.push_back(maybe(type.children[1]));
      }
      return map;
    }
  }
  return {};
}

bool has_json(const Type& type, const Value& value) {
  if (value.is_null) return true;
  switch (type.kind) {
    case Kind::real:
    case Kind::double_precision:
      return value.text.find_first_of("in") == std::string::npos;
    case Kind::list:
    case Kind::structure:
    case Kind::map:
      for (size_t i = 0; i < value.items.size(); ++i) {
        if (!has_json(type.children[type.kind == Kind::list  ? 0
                                    : type.kind == Kind::map ? i % 2
                                                             : i],
                      value.items[i]))
          return false;
      }
      return true;
    default:
      return true;
  }
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string to_json(const Type& type, const Value& value) {
  if (value.is_null) return "null";
  switch (type.kind) {
    case Kind::varchar:
    case Kind::date:
    case Kind::time:
    case Kind::interval:
    case Kind::uuid:
      return json_text(value.text);
    case Kind::timestamp:
    case Kind::timestamptz: {
      std::string text = value.text;
      text[text.find(' ')] = 'T';
      return json_text(type.kind == Kind::timestamptz ? text + "Z" : text);
    }
    case Kind::blob:
      return json_text(base64(value.text));
    case Kind::list: {
      std::string out = "[";
      for (const Value& item : value.items)
        out += (out.size() > 1 ? "," : "") + to_json(type.children[0], item);
      return out + "]";
    }
    case Kind::structure: {
      std::string out = "{";
      for (size_t i = 0; i < value.items.size(); ++i)
        out += (i ? "," : "") + json_text(type.names[i]) + ":" + to_json(type.children[i], value.items[i]);
      return out + "}";
    }
    case Kind::map: {
      std::string out = "{";
      for (size_t i = 0; i + 1 < value.items.size(); i += 2)
        out += (i ? "," : "") + json_text(value.items[i].text) + ":" +
               to_json(type.children[1], value.items[i + 1]);
      return out + "}";
    }
    default:
      return value.text;
  }
}

std::string to_csv(const Type& type, const Value& value) {
  if (value.is_null) return "";
  std::string text = type.kind == Kind::varchar ? value.text : to_json(type, value);
  const bool is_json_string = type.kind != Kind::varchar && type.kind != Kind::json && text.starts_with('"');
  if (is_json_string) text = text.substr(1, text.size() - 2);
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string to_sql(const Type& type, const Value& value) {
  const std::string name = type.to_sql();
  if (value.is_null) return "NULL::" + name;
  switch (type.kind) {
    case Kind::list: {
      std::string out = "[";
      for (const Value& item : value.items)
        out += (out.size() > 1 ? ", " : "") + to_sql(type.children[0], item);
      return out + "]::" + name;
    }
    case Kind::structure: {
      std::string out = "struct_pack(";
      for (size_t i = 0; i < value.items.size(); ++i) {
        out += fmt::format("{}{} := {}", i ? ", " : "", sql::quote_identifier(type.names[i]),
                           to_sql(type.children[i], value.items[i]));
      }
      return out + ")::" + name;
    }
    case Kind::map: {
      std::string keys;
      std::string values;
      for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
        keys += (i ? ", " : "") + to_sql(type.children[0], value.items[i]);
        values += (i ? ", " : "") + to_sql(type.children[1], value.items[i + 1]);
      }
      return fmt::format("map([{}], [{}])::{}", keys, values, name);
    }
    case Kind::blob: {
      std::string hex;
      for (const char c : value.text) hex += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
      return "'" + hex + "'::BLOB";
    }
    case Kind::interval: {
      static const std::vector<std::pair<std::string, std::string>> texts = {
          {"P1D", "1 day"},        {"PT2H", "2 hours"},
          {"P1M", "1 month"},      {"PT0S", "0 seconds"},
          {"PT90M", "90 minutes"}, {"P1Y2M3DT4H5M6S", "1 year 2 months 3 days 4 hours 5 minutes 6 seconds"}};
      for (const auto& [iso, text] : texts) {
        if (iso == value.text) return "INTERVAL '" + text + "'";
      }
      return "NULL::INTERVAL";
    }
    case Kind::timestamptz:
      return sql::quote_literal(value.text + "+00") + "::" + name;
    default:
      return sql::quote_literal(value.text) + "::" + name;
  }
}

}  // namespace anabranch::fuzz
