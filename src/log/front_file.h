#pragma once
// Where a partition begins: what was before it was removed on purpose, and not lost. See FORMAT.md.

#include <optional>

#include "base/result.h"
#include "io/file_system.h"
#include "model/offsets.h"

namespace anabranch::log {

struct Front {
  model::Offset offset = 0;         // that of the first segment which belongs to the log
  uint64_t position = 0;            // where it begins: bytes of the partition's segments before it
  int64_t last_ingested_at_us = 0;  // of what was removed
  std::optional<model::Offset> producers_from;  // where a table has to tell of producers in what was removed
  bool operator==(const Front&) const = default;
};

/// The file `front`; durable when it returns. From then on the segments before it are no part of the log.
Status write_front(io::FileSystem& files, const io::Path& folder, model::Partition partition,
                   const Front& front);
/// The beginning of all offsets where there is no such file. corrupt, or refused when a later version wrote
/// it.
Result<Front> read_front(io::FileSystem& files, const io::Path& folder, model::Partition partition);

}  // namespace anabranch::log
