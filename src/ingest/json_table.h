#pragma once
// Tables of JSON files.

#include <memory>
#include <vector>

#include "ingest/row_table.h"

namespace anabranch::ingest {

/// The columns are the names that any object of any file has; what an object lacks is NULL.
/// `declared`: some of them or all.
std::unique_ptr<RowTable> json_table(std::vector<TableInput> files, std::vector<TableColumn> declared);

}  // namespace anabranch::ingest
