#pragma once
// A Parquet file becomes events: checked row by row and copied beside the log, before the log names it. Runs
// in a child process.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/bulk.h"
#include "log/batch.h"
#include "model/schema.h"

namespace anabranch::ingest {

struct BulkImportJob {
  std::string source;                // absolute path of the file that was given
  std::vector<std::string> folders;  // bulk folders, one for each partition that gets rows
  std::string name;                  // of the file to write in each of them
  model::Schema schema;
  std::vector<std::string> key;          // fields that decide which folder a row goes to (partitioner.h)
  model::Partition first_partition = 0;  // that of the first folder

  std::string to_json() const;
  static Result<BulkImportJob> from_json(std::string_view json);
};

struct BulkImportResult {
  std::vector<BulkFile> files;  // one a folder
  std::vector<log::Reject> rejects;
  /// Columns that the schema lacks and the stream lets in: the caller keeps a new schema version and imports
  /// again.
  std::vector<model::Field> new_fields;

  std::string to_json() const;
  static Result<BulkImportResult> from_json(std::string_view json);
};

/// Values must fit the fields without loss; required fields must be there and not NULL. Rows that do not go
/// to the rejects as JSON. The given file itself is kept beside one of the copies too where the copies lack
/// something of it. too_large when more rows are bad than a log record holds.
Result<BulkImportResult> import_bulk(const BulkImportJob& job);

/// Of the copy of the given file, behind the name.
inline constexpr std::string_view given_file_suffix = ".source";

}  // namespace anabranch::ingest
