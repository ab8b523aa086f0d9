#include "sql/parquet_relation.h"

#include <fmt/format.h>

#include "base/join.h"
#include "sql/parquet_file.h"
#include "sql/syntax.h"

namespace anabranch::sql {

// Inside of lists and structs they are text.
bool is_halved(std::string_view type) { return type == "HUGEINT"; }

std::string to_halves(std::string_view value) {
  return fmt::format(
      "CASE WHEN {0} IS NOT NULL THEN struct_pack(high := ({0} >> 64)::BIGINT, "
      "low := ({0} & 18446744073709551615)::UBIGINT) END",
      value);
}

std::string from_halves(std::string_view halves) {
  // The lowest high half times 2^64 is the lowest HUGEINT, at which the engine's multiplication gives up.
  return fmt::format(
      "CASE WHEN struct_extract({0}, 'high') = -9223372036854775808 "
      "THEN (struct_extract({0}, 'high')::HUGEINT + 1) * 18446744073709551616 "
      "+ (struct_extract({0}, 'low')::HUGEINT - 18446744073709551616) "
      "ELSE struct_extract({0}, 'high')::HUGEINT * 18446744073709551616 + struct_extract({0}, 'low') END",
      halves);
}

std::string parquet_relation(const std::vector<std::string>& files,
                             const std::vector<model::RelationColumn>& columns, const std::string& where) {
  std::string casts;
  for (const auto& column : columns) {
    const std::string name = quote_identifier(column.name);
    const std::string value =
        is_halved(column.type) ? from_halves(name) : fmt::format("CAST({} AS {})", name, column.type);
    append_item(casts, fmt::format("{} AS {}", value, name));
  }
  return fmt::format("(SELECT {} FROM {}{})", casts, read_files("read_parquet", files),
                     where.empty() ? "" : " WHERE " + where);
}

std::string archive_relation(const std::vector<std::string>& files,
                             const std::vector<model::RelationColumn>& columns, const model::Schema& schema,
                             model::Offset end, std::optional<model::Partition> partition) {
  std::string empty;
  std::string casts;
  for (const auto& column : columns) {
    const auto field = schema.find(column.name);
    const std::string stored = quote_identifier(field ? schema.fields[*field].stored_name() : column.name);
    append_item(empty, fmt::format("NULL AS {}", stored));
    append_item(casts,
                fmt::format("CAST({} AS {}) AS {}", stored, column.type, quote_identifier(column.name)));
  }
  // The empty SELECT gives every column a place when no file has it yet.
  return fmt::format(
      "(SELECT {} FROM (SELECT * FROM {} WHERE _offset < {}{} UNION ALL BY NAME SELECT {} WHERE false))",
      casts, read_files("read_parquet", files, "union_by_name = true"), end,
      partition ? fmt::format(" AND _partition = {}", *partition) : "", empty);
}

std::string table_file_relation(const std::string& file, const std::vector<model::RelationColumn>& columns,
                                std::string_view row_name) {
  std::string casts;
  for (const auto& column : columns) {
    const std::string name = quote_identifier(column.name);
    casts += fmt::format("CAST({} AS {}) AS {}, ", name, column.type, name);
  }
  return fmt::format("(SELECT {}{} AS {} FROM {})", casts, row_number_column, quote_identifier(row_name),
                     read_numbered(file, columns));
}

}  // namespace anabranch::sql
