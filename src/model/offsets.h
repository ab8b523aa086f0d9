#pragma once
// Positions in streams.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace anabranch::model {

/// An event's position in its partition, dense, from 0.
using Offset = int64_t;
using Partition = int32_t;

/// For each stream the next offset of each partition: everything before it is included. Used for cut-offs,
/// for what a tick has applied and for what an answer has seen. A vector, never a time.
using Offsets = std::map<std::string, std::vector<Offset>>;

/// Offsets [first, end) of one partition.
struct OffsetRange {
  Offset first = 0;
  Offset end = 0;
  Offset size() const { return end - first; }
  bool operator==(const OffsetRange&) const = default;
};

/// Of one partition; 0 where nothing is said of it (a stream may have got partitions since).
Offset offset_of(const Offsets& offsets, const std::string& stream, Partition partition);
/// The events before these offsets: the sum over all partitions.
Offset event_count(const std::vector<Offset>& partitions);

/// True when every offset of a is at most that of b. Streams that one side lacks count as all zero.
bool is_at_most(const Offsets& a, const Offsets& b);

}  // namespace anabranch::model
