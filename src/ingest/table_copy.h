#pragma once
// Tables in: what a source has becomes one Parquet file a version. Runs in a child process, because it
// touches whatever a user names. A value fits a column exactly when it fits a field of that type as an event.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/row_table.h"
#include "ingest/table_source.h"
#include "io/file_system.h"
#include "model/relation_column.h"

namespace anabranch::ingest {

struct TableCopyJob {
  std::string table;
  std::vector<std::string> paths;  // absolute; all read in this order
  std::vector<std::string> shown;  // how messages name these; empty: by `root`
  std::string root;                // messages name files below it by what follows; may be empty
  std::string kind = "files";      // of the source: which adapter reads it
  std::string source_table;        // what a database calls the table
  std::string format;              // of files: csv, json, parquet
  std::optional<std::string> delimiter;
  std::optional<bool> has_header;
  std::string null_text;
  struct Column {
    std::string name;
    std::string from;  // what the files call it; empty: the same
    std::string type;  // an SQL type; empty: found by reading all rows
  };
  std::vector<Column> columns;  // some or all
  std::string target;           // absolute path of the Parquet file to write

  std::string to_json() const;
  static Result<TableCopyJob> from_json(std::string_view json);

  std::vector<TableInput> inputs() const;
  Result<std::vector<TableColumn>> declared() const;
};

struct TableCopyResult {
  int64_t rows = 0;
  std::vector<model::RelationColumn> columns;
  std::string content_hash;
  int64_t memory_bytes = 0;  // about, as a table of an engine

  std::string to_json() const;
  static Result<TableCopyResult> from_json(std::string_view json);
};

/// Reads everything before it writes the file's name: a failure leaves no file. Errors of input are bad_input
/// and name the file and, in text, line, field and value.
Result<TableCopyResult> copy_table(const TableCopyJob& job, TableSource& source);

}  // namespace anabranch::ingest
