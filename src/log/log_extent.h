#pragma once
// How far a log reaches: what its writer tells those who read its files beside it. See FORMAT.md, "Reading
// beside the writer".

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/offsets.h"

namespace anabranch::log {

/// One partition: what lies in [first, end) is durable and still there. Offsets count events, positions bytes
/// as segment headers count them; both ends stand between two batches.
struct PartitionExtent {
  model::Offset first_offset = 0;
  uint64_t first_position = 0;
  model::Offset end_offset = 0;
  uint64_t end_position = 0;
  uint64_t removals = 0;  // of events or rejects, since this writer opened the log
  bool operator==(const PartitionExtent&) const = default;
};

/// A value. Of two of one writer the later one has nothing smaller in it.
struct LogExtent {
  uint64_t writer = 0;  // another each time that a log is opened for writing
  uint32_t schema_version =
      0;  // the newest; for whoever owns log and SchemaStore to set, after the rest was taken
  std::vector<PartitionExtent> partitions;
  bool operator==(const LogExtent&) const = default;
};

/// More is never written, and not read either.
inline constexpr size_t extent_partitions_max = 1 << 16;

/// 20 bytes, and 40 for each partition.
std::string encode(const LogExtent& extent);
/// bad_input when it is no extent: cut off, too long, or one that cannot be.
Result<LogExtent> parse_log_extent(std::string_view bytes);

}  // namespace anabranch::log
