#pragma once
// The events of a stream and the rows of a table, in plain tables of an engine: what a recompute runs over.

#include <functional>
#include <string>

#include "base/result.h"
#include "quality/verify_job.h"
#include "sql/database.h"

namespace anabranch::quality {

/// The row number of a table's row, in its form with hidden columns.
inline constexpr std::string_view table_row_column = "anabranch:row";

/// "SELECT … FROM read_parquet(…)" whose path means nothing but itself: no globs, no folders as columns.
std::string parquet_scan(const std::vector<std::string>& files, const std::string& options);

struct LoadedStream {
  std::string source;  // "log", "archive", "log and archive", "log and bulk files", …
};

/// Makes the table raw.<stream>: the pinned schema's columns, then _partition, _offset, _ingested_at and
/// _raw. Read from the log's records and bulk files as far as these are kept and there are not more events
/// than `raw_events_max`, else from the archive; then the records of sampled ranges of offsets are compared
/// with it. corrupt: an offset is missing or comes twice, a checksum, or an archived event is another than
/// its record. `progress` is told how many events were read, also before each range is compared.
Result<LoadedStream> load_stream(sql::Session& session, const VerifyJob::Stream& stream,
                                 int64_t raw_events_max, const std::function<void(int64_t)>& progress);

/// Makes the table raw.<table>: its columns, then the row number.
Status load_table(sql::Session& session, const VerifyJob::Table& table);

}  // namespace anabranch::quality
