#pragma once
// The records of a stream's log, read from its files the plain way (src/log/FORMAT.md): verify's own reader.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "log/batch.h"
#include "model/offsets.h"

namespace anabranch::quality {

struct LogRecords {
  model::Offset base_offset = 0;  // of the batch's first event
  uint32_t count = 0;
  uint32_t schema_version = 0;
  log::Encoding encoding = log::Encoding::json;
  int64_t ingested_at_us = 0;
  std::vector<std::string> records;
  model::Offset end_offset() const { return base_offset + count; }
};

/// The offset of the first event that a partition's files hold, and nothing of what comes before it.
/// `folder`: log/<stream>/<partition>.
Result<model::Offset> first_kept_offset(const io::Path& folder);

/// Gives every batch with events of [from, end), in order, the first from its beginning; they are durable, so
/// a log that another process is appending to may be read. corrupt names file and byte: a checksum, a gap, an
/// end that comes too early. When that process removes what is being read, it is an error too, and
/// first_kept_offset() has moved.
Status read_log(const io::Path& folder, model::Offset from, model::Offset end,
                const std::function<Status(const LogRecords&)>& on_batch);

}  // namespace anabranch::quality
