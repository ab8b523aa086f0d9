#include "ingest/parquet_table.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "ingest/excerpt.h"
#include "ingest/text_file.h"
#include "ingest/type_change.h"
#include "model/type_nesting.h"
#include "sql/parquet_file.h"
#include "sql/syntax.h"

namespace anabranch::ingest {
namespace {

struct ParquetFile {
  TableInput input;
  std::vector<model::RelationColumn> columns;

  const std::string* type_of(const std::string& name) const {
    const auto found = std::find_if(columns.begin(), columns.end(),
                                    [&](const model::RelationColumn& column) { return column.name == name; });
    return found == columns.end() ? nullptr : &found->type;
  }
};

constexpr int digits_max = 38;

// A number without a point: digits before it and after it. Nothing for other types.
struct Digits {
  int whole = 0;
  int fraction = 0;
};
std::optional<Digits> digits_of(const std::string& type) {
  struct Integer {
    std::string_view name;
    int digits;
  };
  constexpr std::array integers = std::to_array<Integer>({{"TINYINT", 3},
                                                          {"SMALLINT", 5},
                                                          {"INTEGER", 10},
                                                          {"BIGINT", 19},
                                                          {"HUGEINT", 38},
                                                          {"UTINYINT", 3},
                                                          {"USMALLINT", 5},
                                                          {"UINTEGER", 10},
                                                          {"UBIGINT", 20}});
  for (const Integer& integer : integers) {
    if (type == integer.name) return Digits{integer.digits, 0};
  }
  if (!type.starts_with("DECIMAL(")) return std::nullopt;
  const int width = std::atoi(type.c_str() + 8);
  const int scale = std::atoi(type.c_str() + type.find(',') + 1);
  return Digits{width - scale, scale};
}

bool is_time_point(const std::string& type) { return type == "DATE" || type.starts_with("TIMESTAMP"); }

// A type for the values of both; nothing when there is none.
std::optional<std::string> common_type(const std::string& a, const std::string& b) {
  if (a == b || b == null_type) return a;
  if (a == null_type) return b;
  const auto a_digits = digits_of(a);
  const auto b_digits = digits_of(b);
  if (a_digits && b_digits) {
    const Digits both{std::max(a_digits->whole, b_digits->whole),
                      std::max(a_digits->fraction, b_digits->fraction)};
    if (both.fraction == 0 && !a.starts_with("DEC") && !b.starts_with("DEC")) {
      const bool is_signed = a.front() != 'U' || b.front() != 'U';
      if (!is_signed) return a_digits->whole > b_digits->whole ? a : b;
      // One digit more than the unsigned type has always is enough.
      return both.whole <= 5 ? "INTEGER" : both.whole <= 19 ? "BIGINT" : "HUGEINT";
    }
    if (both.whole + both.fraction > digits_max) return std::nullopt;
    return fmt::format("DECIMAL({},{})", both.whole + both.fraction, both.fraction);
  }
  if (is_number_type(a) && is_number_type(b)) return "DOUBLE";
  const bool is_zoned = a == "TIMESTAMP WITH TIME ZONE" || b == "TIMESTAMP WITH TIME ZONE";
  if (is_time_point(a) && is_time_point(b) && !is_zoned) return "TIMESTAMP";
  return std::nullopt;
}

// The engine's words, without the path: whoever reads them knows the file by another name.
std::string said_of(const TableInput& input, std::string message) {
  for (size_t at = message.find(input.path); at != std::string::npos;
       at = message.find(input.path, at + input.shown.size()))
    message.replace(at, input.path.size(), input.shown);
  return message;
}

Result<ParquetFile> open_file(sql::Session& session, const TableInput& input) {
  return ParquetFile{input, TRY(columns_of_parquet(session, input))};
}

// How deep the columns of a file nest: lists, structs and maps one within the other.
Result<int> nesting_of(sql::Session& session, const std::string& path) {
  // Depth first, each with the number of its children; what is repeated is the middle of a list or a map.
  const auto nodes = TRY(session.query(
      fmt::format("SELECT coalesce(num_children, 0), coalesce(repetition_type, '') = 'REPEATED' FROM "
                  "parquet_schema({})",
                  sql::quote_literal(sql::escape_pattern(path)))));
  std::vector<std::pair<int64_t, bool>> open;  // children that are due, and whether it counts as a level
  int levels = 0;
  int deepest = 0;
  for (size_t i = 0; i < nodes.row_count(); ++i) {
    while (!open.empty() && open.back().first == 0) {
      levels -= open.back().second ? 1 : 0;
      open.pop_back();
    }
    if (!open.empty()) --open.back().first;
    const int64_t children = nodes.integer(i, 0);
    if (children == 0) continue;
    const bool is_level = i > 0 && nodes.text(i, 1) != "true";
    open.emplace_back(children, is_level);
    levels += is_level ? 1 : 0;
    deepest = std::max(deepest, levels);
  }
  return deepest;
}

// Bytes of a row, unpacked, in the group where they are most on average; 0 where the file does not say.
int64_t row_bytes_of(sql::Session& session, const std::string& path) {
  const auto found = session.query(fmt::format(
      "SELECT coalesce(max(bytes // rows), 0)::BIGINT FROM (SELECT sum(total_uncompressed_size) AS bytes, "
      "max(row_group_num_rows) AS rows FROM parquet_metadata({}) GROUP BY row_group_id) WHERE rows > 0",
      sql::quote_literal(sql::escape_pattern(path))));
  return found ? found->integer(0, 0) : 0;
}

struct Target {
  std::string name;           // of the table's column
  std::string name_in_files;  // of the files'
  std::string type;
  bool is_declared = false;
};

// bad_input with the first value that does not fit.
Status check_values(sql::Session& session, const ParquetFile& file, const Target& target,
                    const std::string& type) {
  if (type == null_type) return {};
  if (type == target.type && outside(sql::quote_identifier(target.name_in_files), type).empty()) return {};
  if (!may_change(type, target.type)) {
    return wrong_at(
        file.input, 0, 0,
        fmt::format("column {}: {} does not fit {}", excerpt(target.name_in_files), type, target.type),
        "declare the type that it has under columns: in the source, or make a table of the file by itself");
  }
  const std::string name = sql::quote_identifier(target.name_in_files);
  const auto found = session.query(fmt::format("SELECT {0} + 1, TRY({1}::VARCHAR) FROM {2} WHERE {3} LIMIT 1",
                                               sql::row_number_column, name,
                                               sql::read_numbered(file.input.path, file.columns),
                                               misfit(name, type, target.type, target.is_declared)));
  if (!found) return fail(cause_in_parquet(session, {file.input}, found.error()));
  if (found->row_count() == 0) return {};
  return wrong_at(file.input, 0, 0,
                  fmt::format("row {}: column {}: {} does not fit {} without loss", found->integer(0, 0),
                              excerpt(target.name_in_files), excerpt(found->text(0, 1).value_or("a value")),
                              target.type));
}

Result<std::vector<Target>> find_targets(const std::vector<ParquetFile>& files,
                                         const std::vector<TableColumn>& declared) {
  std::vector<Target> targets;
  for (const ParquetFile& file : files) {
    for (const auto& [name, type] : file.columns) {
      const auto known = std::find_if(targets.begin(), targets.end(),
                                      [&](const Target& target) { return target.name_in_files == name; });
      const auto said = std::find_if(declared.begin(), declared.end(), [&](const TableColumn& column) {
        return column.name_in_files() == name;
      });
      const bool is_declared = said != declared.end() && said->type;
      if (known == targets.end()) {
        targets.push_back({said == declared.end() ? name : said->name, name,
                           is_declared ? said->type->to_sql() : type, is_declared});
        continue;
      }
      if (is_declared) continue;
      const auto both = common_type(known->type, type);
      if (!both) {
        return wrong_at(
            file.input, 0, 0,
            fmt::format("column {}: is {}, in the files before {}", excerpt(name), type, known->type),
            "declare a type for all of them under columns: in the source, or make a table of the "
            "file by itself");
      }
      known->type = *both;
    }
  }
  std::vector<std::string> names;
  std::vector<std::string> names_in_files;
  for (Target& target : targets) {
    names.push_back(target.name);
    names_in_files.push_back(target.name_in_files);
  }
  TRY(check_table_columns(declared, names_in_files, names));
  return targets;
}

std::string select_from(const ParquetFile& file, const std::vector<Target>& targets,
                        const std::vector<std::string>& paths) {
  std::string items;
  for (const Target& target : targets) {
    const std::string name = sql::quote_identifier(target.name_in_files);
    const std::string* type = file.type_of(target.name_in_files);
    const std::string item = type == nullptr || *type == null_type ? fmt::format("NULL::{}", target.type)
                                                                   : changed(name, *type, target.type);
    items += fmt::format("{}{} AS {}", items.empty() ? "" : ", ", item, sql::quote_identifier(target.name));
  }
  return fmt::format("SELECT {} FROM {}", items, sql::read_files("read_parquet", paths));
}

}  // namespace

Result<std::vector<model::RelationColumn>> columns_of_parquet(sql::Session& session,
                                                              const TableInput& input) {
  const auto unreadable = [&](const Error& error) {
    return wrong_at(input, 0, 0, fmt::format("cannot be read as Parquet: {}", said_of(input, error.message)),
                    "check that the file is whole, not encrypted, and a Parquet file");
  };
  // Before the engine looks at the columns: each level doubles its time.
  const auto nesting = nesting_of(session, input.path);
  if (!nesting) return unreadable(nesting.error());
  if (*nesting > model::type_nesting_max) {
    return wrong_at(input, 0, 0, fmt::format("a column nests {} levels deep", *nesting),
                    fmt::format("write it as JSON text, or with at most {} levels", model::type_nesting_max));
  }
  auto columns = session.describe("SELECT * FROM " + sql::read_files("read_parquet", {input.path}));
  if (!columns) return unreadable(columns.error());
  // What would take gigabytes to read, and more to build with.
  if (const int64_t bytes = row_bytes_of(session, input.path); std::cmp_greater(bytes, row_bytes_max)) {
    return wrong_at(
        input, 0, 0,
        fmt::format("has rows of {} MiB on average; a row has at most {}", bytes >> 20, row_bytes_max >> 20),
        "keep such values in files of their own, and their names here");
  }
  // What the engine would read as something less, without a word.
  const auto cut = TRY(session.query(fmt::format(
      "SELECT name, CASE WHEN precision > {} THEN 'decimals of ' || precision || ' digits' ELSE "
      "'nanoseconds' END FROM parquet_schema({}) WHERE precision > {} OR (logical_type LIKE '%NanoSeconds%' "
      "AND (logical_type LIKE '%TimeType%' OR logical_type LIKE '%isAdjustedToUTC=1%')) LIMIT 1",
      digits_max, sql::quote_literal(sql::escape_pattern(input.path)), digits_max)));
  if (cut.row_count() > 0) {
    const std::string what = cut.text(0, 1).value_or("");
    return wrong_at(input, 0, 0,
                    fmt::format("the column {} holds {}", excerpt(cut.text(0, 0).value_or("")), what),
                    what == "nanoseconds" ? "write the file with microseconds"
                                          : "write it as text, or with at most 38 digits");
  }
  return columns;
}

Result<ParquetRows> open_parquet(sql::Session& session, const std::vector<TableInput>& inputs,
                                 const std::vector<TableColumn>& declared) {
  TRY(prepare_type_changes(session));
  std::vector<ParquetFile> files;
  for (const TableInput& input : inputs) files.push_back(TRY(open_file(session, input)));
  std::vector<Target> targets = TRY(find_targets(files, declared));
  for (Target& target : targets) {
    if (target.type == null_type)
      target.type = "INTEGER";  // as the engine keeps a column of nothing but NULL
  }
  ParquetRows rows;
  // Neighbours of one shape are read together, in their order.
  for (size_t i = 0; i < files.size();) {
    std::vector<std::string> paths;
    const ParquetFile& first = files[i];
    for (; i < files.size() && files[i].columns == first.columns; ++i) {
      for (const Target& target : targets) {
        if (const std::string* type = files[i].type_of(target.name_in_files))
          TRY(check_values(session, files[i], target, *type));
      }
      paths.push_back(files[i].input.path);
    }
    rows.select += (rows.select.empty() ? "" : " UNION ALL ") + select_from(first, targets, paths);
  }
  rows.columns = TRY(session.describe(rows.select));
  return rows;
}

Error cause_in_parquet(sql::Session& session, const std::vector<TableInput>& files, Error error) {
  if (error.code == Code::disk_full || error.code == Code::cancelled || error.code == Code::too_large)
    return error;
  for (const TableInput& input : files) {
    const auto read = session.query(
        fmt::format("SELECT count(hash(COLUMNS(*))) FROM {}", sql::read_files("read_parquet", {input.path})));
    if (read) continue;
    const auto encrypted =
        session.query(fmt::format("SELECT count(encryption_algorithm) FROM parquet_file_metadata({})",
                                  sql::quote_literal(sql::escape_pattern(input.path))));
    if (encrypted && encrypted->integer(0, 0) > 0) {
      return wrong_at(input, 0, 0, "has columns that are encrypted", "write the file without encryption")
          .error();
    }
    return wrong_at(input, 0, 0,
                    fmt::format("cannot be read to its end: {}", said_of(input, read.error().message)),
                    "write or fetch the file again")
        .error();
  }
  return error;
}

}  // namespace anabranch::ingest
