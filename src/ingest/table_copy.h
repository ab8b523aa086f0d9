#pragma once
// Tables in: files become one Parquet file a version. Runs in a child process, because CSV and JSON readers
// touch whatever a user names.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "sql/database.h"

namespace anabranch::ingest {

struct TableCopyJob {
  std::string table;
  std::vector<std::string> paths;  // absolute; all read in this order
  std::string format;              // csv, json, parquet, sqlite
  std::optional<std::string> delimiter;
  std::optional<bool> has_header;
  std::string null_text;
  std::vector<std::pair<std::string, std::string>>
      columns;         // name and SQL type; empty: sniffed over the whole file
  std::string target;  // absolute path of the Parquet file to write

  std::string to_json() const;
  static Result<TableCopyJob> from_json(std::string_view json);
};

struct TableCopyResult {
  int64_t rows = 0;
  std::vector<sql::OutputColumn> columns;
  std::string content_hash;

  std::string to_json() const;
  static Result<TableCopyResult> from_json(std::string_view json);
};

/// Reads everything before it writes the file's name: a failure leaves no file. Errors name the file and,
/// where the engine tells, the line.
Result<TableCopyResult> copy_table(const TableCopyJob& job);

}  // namespace anabranch::ingest
