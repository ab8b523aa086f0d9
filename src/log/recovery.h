#pragma once
// Opening a partition after whatever happened: what is on the disk is checked, a torn tail is cut, damage is
// refused.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "log/partition_index.h"
#include "log/producer_table.h"

namespace anabranch::log {

/// What was cut from the end of the last segment: a group commit that a crash interrupted, never
/// acknowledged.
struct TornTail {
  io::Path path;
  uint64_t position = 0;
  uint64_t bytes = 0;
};

/// Who sent what is stored: a value.
struct KnownProducers {
  ProducerTable table;
  /// The segment in which the first of them came; none: before those that were read.
  std::optional<model::Offset> first_in;

  /// Of a batch in the segment that begins there.
  void add(const Producer& producer, const Answer& answer, model::Offset segment);
};

/// With at least one segment.
struct RecoveredPartition : PartitionIndex {
  std::vector<io::Path> leftovers;   // segments before the front: a removal was interrupted
  std::vector<io::Path> unfinished;  // files that such a removal had begun to write
  std::unique_ptr<io::File> active;  // the last segment, open for appending
  KnownProducers producers;
  model::Offset producers_from = 0;  // batches of earlier segments are in it already
  std::optional<TornTail> torn_tail;
};

/// Leaves word for the next start that the operating system may hold bytes of the last segment that a failed
/// sync dropped on their way to the disk. Need not be durable: after a power cut the disk tells the truth
/// anyway.
void leave_suspicion(io::FileSystem& files, const io::Path& folder);

/// When it returns, everything it found is on the disk. The folder must exist and be used by nobody else.
/// corrupt and refused change nothing on the disk and say what to do.
Result<RecoveredPartition> recover_partition(io::FileSystem& files, const io::Path& folder,
                                             model::Partition number, const ProducerTable::Limits& producers);

}  // namespace anabranch::log
