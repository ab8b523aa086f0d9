#include "lake/type_mapping.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/join.h"
#include "lake/engine_type.h"
#include "model/column_name.h"
#include "sql/parquet_relation.h"
#include "sql/syntax.h"

namespace anabranch::lake {
namespace {

using Kind = EngineType::Kind;

/// How a value of a scalar type gets into the file.
enum class Way {
  as_is,
  cast,          // CAST to the file's type, and back
  as_utc,        // a time without a zone is taken as UTC, whatever the session's zone
  as_utc_exact,  // the same, and an error where digits below the microsecond would be lost
};

/// Whose files they are.
enum class Place {
  lake,  // Delta tables: what all readers know
  rows,  // rows of views, which only we read: whatever loses nothing
};

struct ScalarRule {
  std::string_view engine;
  std::string_view delta;
  std::string_view parquet;
  Way way;
};

// The table. DECIMAL stands below, as it has arguments.
constexpr std::array scalar_rules = std::to_array<ScalarRule>({
    {"BOOLEAN", "boolean", "BOOLEAN", Way::as_is},
    {"TINYINT", "byte", "TINYINT", Way::as_is},
    {"SMALLINT", "short", "SMALLINT", Way::as_is},
    {"INTEGER", "integer", "INTEGER", Way::as_is},
    {"BIGINT", "long", "BIGINT", Way::as_is},
    {"HUGEINT", "decimal(38,0)", "DECIMAL(38,0)", Way::cast},
    {"UTINYINT", "short", "SMALLINT", Way::cast},
    {"USMALLINT", "integer", "INTEGER", Way::cast},
    {"UINTEGER", "long", "BIGINT", Way::cast},
    {"UBIGINT", "decimal(20,0)", "DECIMAL(20,0)", Way::cast},
    {"UHUGEINT", "decimal(38,0)", "DECIMAL(38,0)", Way::cast},
    {"FLOAT", "float", "FLOAT", Way::as_is},
    {"DOUBLE", "double", "DOUBLE", Way::as_is},
    {"VARCHAR", "string", "VARCHAR", Way::as_is},
    {"BLOB", "binary", "BLOB", Way::as_is},
    {"DATE", "date", "DATE", Way::as_is},
    {"TIMESTAMP WITH TIME ZONE", "timestamp", "TIMESTAMP WITH TIME ZONE", Way::as_is},
    {"TIMESTAMP", "timestamp", "TIMESTAMP WITH TIME ZONE", Way::as_utc},
    {"TIMESTAMP_S", "timestamp", "TIMESTAMP WITH TIME ZONE", Way::as_utc},
    {"TIMESTAMP_MS", "timestamp", "TIMESTAMP WITH TIME ZONE", Way::as_utc},
    {"TIMESTAMP_NS", "timestamp", "TIMESTAMP WITH TIME ZONE", Way::as_utc_exact},
    {"TIME", "string", "VARCHAR", Way::cast},
    {"TIME_NS", "string", "VARCHAR", Way::cast},
    {"TIME WITH TIME ZONE", "string", "VARCHAR", Way::cast},
    {"INTERVAL", "string", "VARCHAR", Way::cast},
    {"UUID", "string", "VARCHAR", Way::cast},
    {"ENUM", "string", "VARCHAR", Way::cast},
    {"JSON", "string", "VARCHAR", Way::cast},
    {"BIT", "string", "VARCHAR", Way::cast},
    {"BIGNUM", "string", "VARCHAR", Way::cast},
    {"NULL", "integer", "INTEGER", Way::cast},  // a column of nothing but NULL: as the engine stores it
});

// Where rows of our own differ from it: Delta has no place for these values as they are. A column of HUGEINT
// is halved (sql/parquet_relation.h); text is for those inside of lists and structs.
constexpr std::array row_rules = std::to_array<ScalarRule>({
    {"HUGEINT", "", "VARCHAR", Way::cast},
    {"UHUGEINT", "", "VARCHAR", Way::cast},
    {"TIMESTAMP_NS", "", "TIMESTAMP_NS", Way::as_is},
});

/// A type with what the table says of it, all the way down.
struct Mapped {
  Kind kind = Kind::scalar;
  Way way = Way::as_is;
  bool is_original = true;
  nlohmann::ordered_json delta;
  std::string engine;   // what the engine calls it
  std::string parquet;  // what it is in the file
  std::vector<Mapped> children;
  std::vector<std::string> names;
};

Status check_name(std::string_view name) {
  if (name.empty()) return fail(Code::bad_input, "a name is empty", "give it a name with AS");
  const size_t at = name.find_first_of(std::string(model::delta_taboo) + "\n\t");
  if (at == std::string_view::npos) return {};
  const std::string shown = name[at] == '\n'   ? "a line break"
                            : name[at] == '\t' ? "a tab"
                            : name[at] == ' '  ? "a space"
                                               : fmt::format("'{}'", name[at]);
  return fail(Code::bad_input,
              fmt::format("the name \"{}\" has {} in it, which Delta files do not take", name, shown),
              "give it another name with AS, of letters, digits and '_'");
}

Status check_unique(const std::vector<std::string>& names) {
  std::map<std::string, std::string> seen;
  for (const std::string& name : names) {
    const auto [before, is_new] = seen.emplace(sql::lower(name), name);
    if (is_new) continue;
    return fail(Code::bad_input,
                fmt::format("the names \"{}\" and \"{}\" are the same to readers of Delta files",
                            before->second, name),
                "give one of them another name with AS");
  }
  return {};
}

Status check_names(const std::vector<std::string>& names) {
  for (const std::string& name : names) TRY(check_name(name));
  return check_unique(names);
}

std::vector<std::string> names_of(const std::vector<model::RelationColumn>& columns) {
  std::vector<std::string> names;
  for (const model::RelationColumn& column : columns) names.push_back(column.name);
  return names;
}

const ScalarRule* find_rule(std::span<const ScalarRule> rules, const std::string& name) {
  const auto rule = std::ranges::find(rules, name, &ScalarRule::engine);
  return rule == rules.end() ? nullptr : &*rule;
}

Result<Mapped> map_scalar(const EngineType& type, Place place) {
  Mapped mapped;
  mapped.engine = type.text;
  if (type.name == "DECIMAL") {
    mapped.delta = fmt::format("decimal({},{})", type.width, type.scale);
    mapped.parquet = fmt::format("DECIMAL({},{})", type.width, type.scale);
    return mapped;
  }
  const ScalarRule* rule = place == Place::rows ? find_rule(row_rules, type.name) : nullptr;
  if (rule == nullptr) rule = find_rule(scalar_rules, type.name);
  if (rule == nullptr) {
    return fail(Code::bad_input,
                fmt::format("the type {} has no place in {} files", type.text,
                            place == Place::lake ? "Delta" : "Parquet"),
                "cast it to VARCHAR or to a STRUCT");
  }
  mapped.delta = std::string(rule->delta);
  mapped.parquet = rule->parquet;
  mapped.way = rule->way;
  mapped.is_original = rule->way == Way::as_is;
  if (type.name == "NULL") mapped.engine = rule->parquet;  // nothing can be cast back to it
  return mapped;
}

Result<Mapped> map_type(const EngineType& type, Place place) {
  if (type.kind == Kind::scalar) return map_scalar(type, place);
  Mapped mapped;
  mapped.kind = type.kind;
  mapped.engine = type.text;
  mapped.names = type.names;
  for (const EngineType& child : type.children) {
    mapped.children.push_back(TRY(map_type(child, place)));
    mapped.is_original = mapped.is_original && mapped.children.back().is_original;
  }
  const auto& children = mapped.children;
  switch (type.kind) {
    case Kind::list:
      mapped.is_original = mapped.is_original && type.text.ends_with("[]");  // else an array of fixed size
      mapped.delta = {{"type", "array"}, {"elementType", children[0].delta}, {"containsNull", true}};
      mapped.parquet = children[0].parquet + "[]";
      break;
    case Kind::map:
      mapped.delta = {{"type", "map"},
                      {"keyType", children[0].delta},
                      {"valueType", children[1].delta},
                      {"valueContainsNull", true}};
      mapped.parquet = fmt::format("MAP({}, {})", children[0].parquet, children[1].parquet);
      break;
    default: {
      if (place == Place::lake) TRY(check_names(type.names));
      auto fields = nlohmann::ordered_json::array();
      std::string list;
      for (size_t i = 0; i < children.size(); ++i) {
        fields.push_back({{"name", type.names[i]},
                          {"type", children[i].delta},
                          {"nullable", true},
                          {"metadata", nlohmann::ordered_json::object()}});
        list +=
            fmt::format("{}{} {}", i ? ", " : "", sql::quote_identifier(type.names[i]), children[i].parquet);
      }
      mapped.delta = {{"type", "struct"}, {"fields", std::move(fields)}};
      mapped.parquet = fmt::format("STRUCT({})", list);
    }
  }
  return mapped;
}

enum class Direction { to_lake, from_lake };

// SQL that turns `value`, one expression, from one form into the other. Lambdas below depth d name their
// parameter by d, so that inner ones do not hide outer ones.
std::string convert(const Mapped& type, const std::string& value, Direction direction, int depth = 0) {
  if (type.is_original) return value;
  const bool to_lake = direction == Direction::to_lake;
  const std::string element = fmt::format("element_{}", depth);
  switch (type.kind) {
    case Kind::scalar:
      if (type.way == Way::as_utc) {
        return to_lake ? fmt::format("(CAST({} AS TIMESTAMP) AT TIME ZONE 'UTC')", value)
                       : fmt::format("CAST(({}) AT TIME ZONE 'UTC' AS {})", value, type.engine);
      }
      if (type.way == Way::as_utc_exact) {
        if (!to_lake) return fmt::format("CAST(({}) AT TIME ZONE 'UTC' AS {})", value, type.engine);
        return fmt::format(
            "CASE WHEN CAST(CAST({0} AS TIMESTAMP) AS {1}) IS DISTINCT FROM {0} THEN error({2}) ELSE "
            "(CAST({0} AS TIMESTAMP) AT TIME ZONE 'UTC') END",
            value, type.engine,
            sql::quote_literal(fmt::format("a value of the type {} has digits below the microsecond, which "
                                           "Delta files do not take: cast it to TIMESTAMP or VARCHAR",
                                           type.engine)));
      }
      return fmt::format("CAST({} AS {})", value, to_lake ? type.parquet : type.engine);
    case Kind::list: {
      const Mapped& child = type.children[0];
      std::string list = child.is_original ? value
                                           : fmt::format("list_transform({}, lambda {}: {})", value, element,
                                                         convert(child, element, direction, depth + 1));
      // Between lists and arrays of fixed size.
      return fmt::format("CAST({} AS {})", list, to_lake ? type.parquet : type.engine);
    }
    case Kind::map:
      return fmt::format(
          "CASE WHEN {0} IS NOT NULL THEN map_from_entries(list_transform(map_entries({0}), lambda {1}: "
          "struct_pack(k := {2}, v := {3}))) END",
          value, element, convert(type.children[0], fmt::format("{}.key", element), direction, depth + 1),
          convert(type.children[1], fmt::format("{}.value", element), direction, depth + 1));
    case Kind::structure: {
      std::string fields;
      for (size_t i = 0; i < type.children.size(); ++i) {
        const std::string field =
            fmt::format("struct_extract({}, {})", value, sql::quote_literal(type.names[i]));
        fields += fmt::format("{}{} := {}", i ? ", " : "", sql::quote_identifier(type.names[i]),
                              convert(type.children[i], field, direction, depth));
      }
      return fmt::format("CASE WHEN {} IS NOT NULL THEN struct_pack({}) END", value, fields);
    }
  }
  return value;
}

// The types of which the engine's files keep less than the value: sums as doubles, a time without its zone,
// an interval without microseconds.
std::string answer_text(const EngineType& type, AnswerFormat format) {
  switch (type.kind) {
    case Kind::scalar: {
      if (type.name == "HUGEINT" || type.name == "UHUGEINT") return "DECIMAL(38,0)";
      const bool is_text = type.name == "INTERVAL" || type.name == "TIME WITH TIME ZONE";
      return is_text && format == AnswerFormat::parquet ? "VARCHAR" : type.text;
    }
    case Kind::list:
      return answer_text(type.children[0], format) + type.text.substr(type.text.rfind('['));
    case Kind::map:
      return fmt::format("MAP({}, {})", answer_text(type.children[0], format),
                         answer_text(type.children[1], format));
    case Kind::structure: {
      std::string fields;
      for (size_t i = 0; i < type.children.size(); ++i) {
        fields += fmt::format("{}{} {}", i ? ", " : "", sql::quote_identifier(type.names[i]),
                              answer_text(type.children[i], format));
      }
      return fmt::format("STRUCT({})", fields);
    }
  }
  return type.text;
}

Result<Mapped> map_column(const model::RelationColumn& column, Place place) {
  auto parsed = EngineType::parse(column.type);
  auto mapped = parsed ? map_type(*parsed, place) : Result<Mapped>(std::unexpected(parsed.error()));
  if (!mapped) return in_context(std::move(mapped), fmt::format("column \"{}\"", column.name));
  return mapped;
}

Result<std::string> select_converted(const std::vector<model::RelationColumn>& columns,
                                     std::string_view source_sql, Direction direction, Place place) {
  std::string list;
  for (const model::RelationColumn& column : columns) {
    const std::string name = sql::quote_identifier(column.name);
    const Mapped type = TRY(map_column(column, place));
    const std::string value = "source_rows." + name;
    const bool is_halved = place == Place::rows && sql::is_halved(column.type);
    append_item(list, fmt::format("{} AS {}",
                                  is_halved ? sql::to_halves(value) : convert(type, value, direction), name));
  }
  // The line breaks end a comment at the end of the source.
  return fmt::format("SELECT {}\nFROM (\n{}\n) AS source_rows", list, source_sql);
}

}  // namespace

Result<LakeType> lake_type(std::string_view engine_type) {
  const Mapped mapped = TRY(map_type(TRY(EngineType::parse(engine_type)), Place::lake));
  return LakeType{mapped.delta.dump(), mapped.parquet, mapped.is_original};
}

Status check_columns(const std::vector<model::RelationColumn>& columns) {
  if (columns.empty()) return fail(Code::bad_input, "a table needs at least one column");
  if (Status checked = check_names(names_of(columns)); !checked)
    return in_context(std::move(checked), "columns");
  for (const model::RelationColumn& column : columns) TRY(map_column(column, Place::lake));
  return {};
}

Result<std::string> select_for_parquet(const std::vector<model::RelationColumn>& columns,
                                       std::string_view source_sql) {
  TRY(check_columns(columns));
  return select_converted(columns, source_sql, Direction::to_lake, Place::lake);
}

Result<std::string> select_from_parquet(const std::vector<model::RelationColumn>& columns,
                                        std::string_view source_sql) {
  TRY(check_columns(columns));
  return select_converted(columns, source_sql, Direction::from_lake, Place::lake);
}

Result<std::string> select_for_rows(const std::vector<model::RelationColumn>& columns,
                                    std::string_view source_sql) {
  TRY(check_unique(names_of(columns)));
  return select_converted(columns, source_sql, Direction::to_lake, Place::rows);
}

Result<std::string> answer_type(std::string_view engine_type, AnswerFormat format) {
  return answer_text(TRY(EngineType::parse(engine_type)), format);
}

}  // namespace anabranch::lake
