#pragma once

#include <memory>

#include "base/result.h"
#include "ingest/table_copy.h"
#include "ingest/table_source.h"

namespace anabranch::ingest {

/// The embedded default of the slot "batch source": CSV, JSON and Parquet files.
Result<std::unique_ptr<TableSource>> file_table(const TableCopyJob& job);

}  // namespace anabranch::ingest
