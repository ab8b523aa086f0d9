#pragma once
// Tables of CSV files.

#include <memory>
#include <string>
#include <vector>

#include "ingest/csv_file.h"
#include "ingest/row_table.h"

namespace anabranch::ingest {

/// Columns of several files go by their names, without a header by their places. What a file lacks is NULL in
/// its rows. `declared`: some of the columns or all; without a header, and with names of their own, all in
/// the files' order.
std::unique_ptr<RowTable> csv_table(std::vector<TableInput> files, CsvFormat format,
                                    std::vector<TableColumn> declared);

}  // namespace anabranch::ingest
