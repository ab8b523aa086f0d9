#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "ingest/table_copy.h"
#include "ingest/table_source.h"

namespace anabranch::connect {

/// Tables or views of SQLite databases, in the order of the jobs; those of one database are read within one
/// transaction of it, which begins when the first of them is opened and ends when the last one goes: what
/// others write meanwhile is not seen. One thread for all of them. Rows come in the order of their rowid or
/// primary key, those of a view as it gives them. The file is opened read-only. A column is what it was
/// declared as, by SQLite's own rules of affinity: INTEGER becomes bigint, REAL double, TEXT varchar, BLOB
/// blob; of NUMERIC, and where nothing was declared, the type is found in all rows. SQLite lets a column hold
/// anything; a value that does not fit is bad_input with row, column and value.
Result<std::vector<std::unique_ptr<ingest::TableSource>>> sqlite_tables(
    const std::vector<ingest::TableCopyJob>& jobs);

}  // namespace anabranch::connect
