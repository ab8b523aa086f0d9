#include "sql/parquet_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/join.h"
#include "sql/object_urls.h"
#include "sql/syntax.h"
#include "sql/zero_watch.h"

namespace anabranch::sql {
namespace {

constexpr std::string_view engine_number = "file_row_number";

// By the name of its type. A field called DOUBLE is taken for one: that only costs time.
bool has_floats(const model::RelationColumn& column) {
  return column.type.find("DOUBLE") != std::string::npos || column.type.find("FLOAT") != std::string::npos;
}

// The line breaks end a comment at the end of the select.
std::string copy_sql(std::string_view select, const std::string& file, std::string_view options) {
  // An object is not there before it is whole, and none is renamed.
  return fmt::format("COPY (\n{}\n) TO {} (FORMAT parquet, WRITE_BLOOM_FILTER false{}{}{})", select,
                     quote_literal(file), object_key(file) ? ", USE_TMP_FILE false" : "",
                     options.empty() ? "" : ", ", options);
}

constexpr std::string_view no_dictionaries = "DICTIONARY_SIZE_LIMIT 0";

}  // namespace

std::string escape_pattern(std::string_view path) {
  std::string escaped;
  for (const char c : path) {
    if (c == '*' || c == '?' || c == '[') {
      escaped += {'[', c, ']'};
    } else {
      escaped += c;
    }
  }
  return escaped;
}

namespace {

std::string list_of(const std::vector<std::string>& files) {
  std::string list;
  for (const std::string& file : files) append_item(list, quote_literal(escape_pattern(file)));
  return list;
}

}  // namespace

std::string read_files(std::string_view function, const std::vector<std::string>& files,
                       std::string_view options) {
  return fmt::format("{}([{}], hive_partitioning = false{}{})", function, list_of(files),
                     options.empty() ? "" : ", ", options);
}

std::string parquet_metadata(const std::vector<std::string>& files) {
  return fmt::format("parquet_metadata([{}])", list_of(files));
}

std::string read_numbered(const std::string& file, const std::vector<model::RelationColumn>& columns) {
  const bool is_taken = std::any_of(columns.begin(), columns.end(), [](const model::RelationColumn& column) {
    return same_name(column.name, engine_number);
  });
  // Without an order of its own a window numbers rows as they come, which is as they lie in the file.
  return fmt::format("(SELECT *, {} AS {} FROM {})", is_taken ? "row_number() OVER () - 1" : engine_number,
                     row_number_column, read_files("read_parquet", {file}));
}

Query copy_to_parquet(const Query& select, const std::vector<model::RelationColumn>& columns,
                      const std::string& file, std::string_view options) {
  std::string all(options);
  if (std::any_of(columns.begin(), columns.end(), has_floats)) append_item(all, no_dictionaries);
  return {copy_sql(select.text, file, all), select.relations};
}

Result<int64_t> write_parquet(Session& session, const Query& select, const std::string& file) {
  const auto columns = TRY(session.describe(select));
  const Query plain(copy_sql(select.text, file, ""), select.relations);
  std::string items;
  std::string names;
  bool is_watched = false;
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string name = fmt::format("c{}", i);  // columns of the select may have the same name
    const bool is_float = has_floats(columns[i]);
    is_watched = is_watched || is_float;
    items += fmt::format("{}{} AS {}", i ? ", " : "",
                         is_float ? fmt::format("{}({})", zero_watch_name, name) : name,
                         quote_identifier(columns[i].name));
    names += (i ? ", " : "") + name;
  }
  if (!is_watched) return TRY(session.query(plain)).integer(0, 0);
  const uint64_t seen = negative_zeros_seen();
  const std::string watched =
      fmt::format("SELECT {} FROM {} AS written({})", items, relation("written"), names);
  const auto copied = TRY(session.query(over(copy_sql(watched, file, ""), "written", select)));
  if (negative_zeros_seen() == seen) return copied.integer(0, 0);
  return TRY(session.query({copy_sql(select.text, file, no_dictionaries), select.relations})).integer(0, 0);
}

}  // namespace anabranch::sql
