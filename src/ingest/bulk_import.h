#pragma once
// A Parquet file becomes events: checked row by row and copied beside the log, before the log names it. Runs
// in a child process.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/bulk.h"
#include "log/batch.h"
#include "model/schema.h"

namespace anabranch::ingest {

struct BulkImportJob {
  std::string source;  // absolute path of the file that was given
  std::string folder;  // the partition's bulk folder
  std::string name;    // of the file to write there
  model::Schema schema;

  std::string to_json() const;
  static Result<BulkImportJob> from_json(std::string_view json);
};

struct BulkImportResult {
  BulkFile file;
  std::vector<log::Reject> rejects;
  /// Columns that the schema lacks and the stream lets in: the caller keeps a new schema version and imports
  /// again.
  std::vector<model::Field> new_fields;

  std::string to_json() const;
  static Result<BulkImportResult> from_json(std::string_view json);
};

/// Values must fit the fields without loss; required fields must be there and not NULL. Rows that do not go
/// to the rejects as JSON. The given file itself is kept too where the copy lacks something of it. too_large
/// when more rows are bad than a log record holds.
Result<BulkImportResult> import_bulk(const BulkImportJob& job);

}  // namespace anabranch::ingest
