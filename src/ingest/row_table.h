#pragma once
// Tables whose rows come one after the other: what a copy reads them through.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/cell.h"
#include "ingest/text_file.h"
#include "model/type.h"

namespace anabranch::ingest {

/// A column as the source declares it.
struct TableColumn {
  std::string name;                 // of the table's column
  std::string from;                 // what the files call it; empty: the same
  std::optional<model::Type> type;  // nothing: found by reading all rows

  const std::string& name_in_files() const { return from.empty() ? name : from; }
};

/// A column as it was found.
struct FoundColumn {
  std::string name;
  model::Type type;
};

/// Rows, one after the other. One thread at a time.
class RowSource {
 public:
  virtual ~RowSource() = default;
  /// Fills a row in which nothing is valid yet; false after the last one. bad_input names the place of what
  /// does not fit.
  virtual Result<bool> next(const Row& row) = 0;
};

/// One table as a source has it. One thread at a time.
class RowTable {
 public:
  virtual ~RowTable() = default;
  /// Reads all rows as far as types are to be found; the columns in the order in which the source
  /// has them. Before open_rows().
  virtual Result<std::vector<FoundColumn>> find_columns() = 0;
  /// From the first row; each with the columns that were found. Lives no longer than the table.
  virtual Result<std::unique_ptr<RowSource>> open_rows() = 0;
};

/// bad_input for a name that no column of the lake can have, with what to do.
Status check_table_column_name(const std::string& name);

/// bad_input when a declared column is nowhere in the source, with the one that was meant, when a name is
/// none for a column, or when two are the same in SQL.
Status check_table_columns(const std::vector<TableColumn>& declared, const std::vector<std::string>& in_files,
                           const std::vector<std::string>& names, std::string_view whose = "no file has");

}  // namespace anabranch::ingest
