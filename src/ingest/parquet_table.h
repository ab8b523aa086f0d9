#pragma once
// Tables of Parquet files.

#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/row_table.h"
#include "model/relation_column.h"
#include "sql/database.h"

namespace anabranch::ingest {

/// Rows of Parquet files as a SELECT that gives the columns.
struct ParquetRows {
  std::string select;
  std::vector<model::RelationColumn> columns;
};

/// The columns of a Parquet file as the engine reads it. bad_input when it is none, is encrypted, or holds
/// what the engine would cut (decimals of more than 38 digits, nanoseconds of times that have a zone or no
/// date) or never come to the end of (columns that nest deeper than model::type_nesting_max, rows of more
/// than row_bytes_max on average).
Result<std::vector<model::RelationColumn>> columns_of_parquet(sql::Session& session, const TableInput& input);

/// A column has the type that was declared, or one that keeps every value of each file. Where a file has
/// another type its values are read here, and one that does not fit without loss is bad_input with file and
/// row; so is what columns_of_parquet() refuses. What a file lacks is NULL.
Result<ParquetRows> open_parquet(sql::Session& session, const std::vector<TableInput>& files,
                                 const std::vector<TableColumn>& declared);

/// What became of reading the rows: the same error, or bad_input with the name of the file that cannot be
/// read to its end.
Error cause_in_parquet(sql::Session& session, const std::vector<TableInput>& files, Error error);

}  // namespace anabranch::ingest
