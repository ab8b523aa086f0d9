#include "sql/parquet_relation.h"

#include <fmt/format.h>

#include "sql/syntax.h"

namespace anabranch::sql {

std::string parquet_relation(const std::vector<std::string>& files, const std::vector<OutputColumn>& columns,
                             const std::string& where) {
  std::string list;
  for (const std::string& file : files) list += (list.empty() ? "" : ", ") + quote_literal(file);
  std::string casts;
  for (const auto& column : columns) {
    const std::string name = quote_identifier(column.name);
    casts += fmt::format("{}CAST({} AS {}) AS {}", casts.empty() ? "" : ", ", name, column.type, name);
  }
  return fmt::format("(SELECT {} FROM read_parquet([{}]){})", casts, list,
                     where.empty() ? "" : " WHERE " + where);
}

std::string archive_relation(const std::vector<std::string>& files, const std::vector<OutputColumn>& columns,
                             model::Offset end) {
  std::string list;
  for (const std::string& file : files) list += (list.empty() ? "" : ", ") + quote_literal(file);
  std::string empty;
  std::string casts;
  for (const auto& column : columns) {
    const std::string name = quote_identifier(column.name);
    empty += fmt::format("{}NULL AS {}", empty.empty() ? "" : ", ", name);
    casts += fmt::format("{}CAST({} AS {}) AS {}", casts.empty() ? "" : ", ", name, column.type, name);
  }
  // The empty SELECT gives every column a place when no file has it yet.
  return fmt::format(
      "(SELECT {} FROM (SELECT * FROM read_parquet([{}], union_by_name = true) WHERE _offset < {} UNION ALL "
      "BY NAME SELECT {} WHERE false))",
      casts, list, end, empty);
}

std::string table_file_relation(const std::string& file, const std::vector<OutputColumn>& columns,
                                std::string_view row_name) {
  std::string casts;
  for (const auto& column : columns) {
    const std::string name = quote_identifier(column.name);
    casts += fmt::format("CAST({} AS {}) AS {}, ", name, column.type, name);
  }
  return fmt::format("(SELECT {}file_row_number AS {} FROM read_parquet({}, file_row_number = true))", casts,
                     quote_identifier(row_name), quote_literal(file));
}

}  // namespace anabranch::sql
