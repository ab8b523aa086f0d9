#include "model/type.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>

#include <fmt/format.h>

namespace anabranch::model {
namespace {

using Kind = Type::Kind;

const std::map<std::string, Kind, std::less<>>& names() {
  static const std::map<std::string, Kind, std::less<>> all = {
      {"boolean", Kind::boolean},
      {"bool", Kind::boolean},
      {"logical", Kind::boolean},
      {"tinyint", Kind::tinyint},
      {"int1", Kind::tinyint},
      {"smallint", Kind::smallint},
      {"int2", Kind::smallint},
      {"short", Kind::smallint},
      {"integer", Kind::integer},
      {"int", Kind::integer},
      {"int4", Kind::integer},
      {"bigint", Kind::bigint},
      {"int8", Kind::bigint},
      {"long", Kind::bigint},
      {"hugeint", Kind::hugeint},
      {"int128", Kind::hugeint},
      {"utinyint", Kind::utinyint},
      {"usmallint", Kind::usmallint},
      {"uinteger", Kind::uinteger},
      {"ubigint", Kind::ubigint},
      {"real", Kind::real},
      {"float4", Kind::real},
      {"float", Kind::real},
      {"double", Kind::double_precision},
      {"double precision", Kind::double_precision},
      {"float8", Kind::double_precision},
      {"decimal", Kind::decimal},
      {"numeric", Kind::decimal},
      {"varchar", Kind::varchar},
      {"text", Kind::varchar},
      {"string", Kind::varchar},
      {"char", Kind::varchar},
      {"bpchar", Kind::varchar},
      {"character varying", Kind::varchar},
      {"blob", Kind::blob},
      {"bytea", Kind::blob},
      {"binary", Kind::blob},
      {"varbinary", Kind::blob},
      {"date", Kind::date},
      {"time", Kind::time},
      {"timestamp", Kind::timestamp},
      {"datetime", Kind::timestamp},
      {"timestamp without time zone", Kind::timestamp},
      {"timestamptz", Kind::timestamptz},
      {"timestamp with time zone", Kind::timestamptz},
      {"interval", Kind::interval},
      {"uuid", Kind::uuid},
      {"json", Kind::json},
  };
  return all;
}

// As the engine writes members' names: in quotes where they are a word of its language, too.
std::string quoted(std::string_view name) {
  static constexpr std::string_view keywords[] = {
#include "model/keywords.inc"
  };
  const bool is_plain =
      !name.empty() && (std::isalpha(static_cast<unsigned char>(name[0])) || name[0] == '_') &&
      std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
  std::string lower(name);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (is_plain && !std::ranges::binary_search(keywords, lower)) return std::string(name);
  std::string text = "\"";
  for (char c : name) text += c == '"' ? "\"\"" : std::string(1, c);
  return text + "\"";
}

// Recursive descent over: type := scalar | type '[]' | STRUCT(name type, …) | MAP(type, type)
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Type> parse_all() {
    Type type = TRY(parse_type());
    skip_space();
    if (at_ < text_.size()) return unknown();
    return type;
  }

 private:
  Result<Type> parse_type() {
    Type type = TRY(parse_base());
    for (skip_space(); accept("["); skip_space()) {
      skip_space();
      if (!accept("]")) return unknown();
      Type list;
      list.kind = Kind::list;
      list.children.push_back(std::move(type));
      type = std::move(list);
    }
    return type;
  }

  Result<Type> parse_base() {
    const std::string word = read_words();
    Type type;
    if (word == "struct" || word == "row") {
      type.kind = Kind::structure;
      if (!accept("(")) return unknown();
      do {
        skip_space();
        const std::optional<std::string> name = read_name();
        if (!name) return unknown();
        type.names.push_back(*name);
        type.children.push_back(TRY(parse_type()));
        skip_space();
      } while (accept(","));
      if (!accept(")")) return unknown();
      return type;
    }
    if (word == "map") {
      type.kind = Kind::map;
      if (!accept("(")) return unknown();
      type.children.push_back(TRY(parse_type()));
      skip_space();
      if (!accept(",")) return unknown();
      type.children.push_back(TRY(parse_type()));
      skip_space();
      if (!accept(")")) return unknown();
      return type;
    }
    const auto known = names().find(word);
    if (known == names().end()) return unknown();
    type.kind = known->second;
    skip_space();
    if (type.kind == Kind::decimal) {
      type.width = 18;
      type.scale = 3;
      if (accept("(")) {
        const std::optional<int> width = read_number();
        std::optional<int> scale = 0;
        skip_space();
        if (accept(",")) scale = read_number();
        skip_space();
        if (!width || !scale || !accept(")")) return unknown();
        if (*width < 1 || *width > 38 || *scale < 0 || *scale > *width) {
          return fail(
              Code::bad_input,
              fmt::format("'{}': a decimal has 1 to 38 digits and no more than that many after the point",
                          text_));
        }
        type.width = static_cast<uint8_t>(*width);
        type.scale = static_cast<uint8_t>(*scale);
      }
    } else if (type.kind == Kind::varchar && accept("(")) {
      if (!read_number() || (skip_space(), !accept(")")))
        return unknown();  // lengths are not enforced, as in DuckDB
    }
    return type;
  }

  std::string read_words() {
    skip_space();
    std::string words;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (std::isalnum(static_cast<unsigned char>(c)) || c == '_') {
        words += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      } else if (std::isspace(static_cast<unsigned char>(c))) {
        if (!words.empty() && words.back() != ' ') words += ' ';
      } else {
        break;
      }
      ++at_;
    }
    while (!words.empty() && words.back() == ' ') words.pop_back();
    return words;
  }

  std::optional<std::string> read_name() {
    std::string name;
    if (accept("\"")) {
      while (at_ < text_.size()) {
        if (text_[at_] == '"') {
          ++at_;
          if (at_ >= text_.size() || text_[at_] != '"') return name;
        }
        name += text_[at_++];
      }
      return std::nullopt;
    }
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) {
      name += text_[at_++];
    }
    if (name.empty()) return std::nullopt;
    return name;
  }

  std::optional<int> read_number() {
    skip_space();
    int value = 0;
    int digits = 0;
    for (; at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) && digits < 9;
         ++at_, ++digits) {
      value = value * 10 + (text_[at_] - '0');
    }
    if (digits == 0) return std::nullopt;
    return value;
  }

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool accept(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  std::unexpected<Error> unknown() const {
    return fail(
        Code::bad_input, fmt::format("'{}' is not a type", text_),
        "use an SQL type name such as integer, bigint, double, decimal(10,2), varchar, boolean, date, "
        "timestamp, timestamptz, json, integer[] or struct(a integer)");
  }

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Type::Layout Type::layout() const {
  switch (kind) {
    case Kind::boolean:
    case Kind::utinyint:
      return Layout::u8;
    case Kind::tinyint:
      return Layout::i8;
    case Kind::smallint:
      return Layout::i16;
    case Kind::integer:
    case Kind::date:
      return Layout::i32;
    case Kind::bigint:
    case Kind::time:
    case Kind::timestamp:
    case Kind::timestamptz:
      return Layout::i64;
    case Kind::hugeint:
      return Layout::i128;
    case Kind::usmallint:
      return Layout::u16;
    case Kind::uinteger:
      return Layout::u32;
    case Kind::ubigint:
      return Layout::u64;
    case Kind::real:
      return Layout::f32;
    case Kind::double_precision:
      return Layout::f64;
    case Kind::decimal:
      return width <= 4 ? Layout::i16 : width <= 9 ? Layout::i32 : width <= 18 ? Layout::i64 : Layout::i128;
    default:
      return Layout::text;
  }
}

size_t Type::layout_bytes() const {
  switch (layout()) {
    case Layout::i8:
    case Layout::u8:
      return 1;
    case Layout::i16:
    case Layout::u16:
      return 2;
    case Layout::i32:
    case Layout::u32:
    case Layout::f32:
      return 4;
    case Layout::i64:
    case Layout::u64:
    case Layout::f64:
      return 8;
    case Layout::i128:
      return 16;
    case Layout::text:
      return 0;
  }
  return 0;
}

bool Type::is_carried_as_text() const {
  return layout() == Layout::text && kind != Kind::varchar && kind != Kind::blob;
}

std::string Type::to_sql() const {
  switch (kind) {
    case Kind::boolean:
      return "BOOLEAN";
    case Kind::tinyint:
      return "TINYINT";
    case Kind::smallint:
      return "SMALLINT";
    case Kind::integer:
      return "INTEGER";
    case Kind::bigint:
      return "BIGINT";
    case Kind::hugeint:
      return "HUGEINT";
    case Kind::utinyint:
      return "UTINYINT";
    case Kind::usmallint:
      return "USMALLINT";
    case Kind::uinteger:
      return "UINTEGER";
    case Kind::ubigint:
      return "UBIGINT";
    case Kind::real:
      return "FLOAT";
    case Kind::double_precision:
      return "DOUBLE";
    case Kind::decimal:
      return fmt::format("DECIMAL({},{})", width, scale);
    case Kind::varchar:
      return "VARCHAR";
    case Kind::blob:
      return "BLOB";
    case Kind::date:
      return "DATE";
    case Kind::time:
      return "TIME";
    case Kind::timestamp:
      return "TIMESTAMP";
    case Kind::timestamptz:
      return "TIMESTAMP WITH TIME ZONE";
    case Kind::interval:
      return "INTERVAL";
    case Kind::uuid:
      return "UUID";
    case Kind::json:
      return "JSON";
    case Kind::list:
      return children[0].to_sql() + "[]";
    case Kind::map:
      return fmt::format("MAP({}, {})", children[0].to_sql(), children[1].to_sql());
    case Kind::structure: {
      std::string text = "STRUCT(";
      for (size_t i = 0; i < children.size(); ++i) {
        text += fmt::format("{}{} {}", i ? ", " : "", quoted(names[i]), children[i].to_sql());
      }
      return text + ")";
    }
  }
  return "VARCHAR";
}

Result<Type> Type::parse(std::string_view sql_name) { return Parser(sql_name).parse_all(); }

bool is_partition_key(const Type& type) {
  using Kind = Type::Kind;
  switch (type.kind) {
    case Kind::varchar:
    case Kind::tinyint:
    case Kind::smallint:
    case Kind::integer:
    case Kind::bigint:
    case Kind::utinyint:
    case Kind::usmallint:
    case Kind::uinteger:
    case Kind::ubigint:
      return true;
    default:
      return false;
  }
}

}  // namespace anabranch::model
