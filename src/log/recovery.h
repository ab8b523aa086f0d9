#pragma once
// Opening a partition after whatever happened: what is on the disk is checked, a torn tail is cut, damage is
// refused.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "log/front_file.h"
#include "log/producer_table.h"
#include "log/reject_file.h"
#include "log/segment.h"

namespace anabranch::log {

/// A batch with rejects.
struct RejectsAt {
  uint64_t position = 0;  // within the partition: grows with time, stays for ever
  uint32_t count = 0;
};

/// A batch that names a bulk file.
struct BulkAt {
  uint64_t position = 0;  // within the partition
  model::Offset end_offset = 0;
};

/// What was cut from the end of the last segment: a group commit that a crash interrupted, never
/// acknowledged.
struct TornTail {
  io::Path path;
  uint64_t position = 0;
  uint64_t bytes = 0;
};

struct RecoveredPartition {
  Front front;
  std::vector<io::Path> leftovers;       // segments before the front: a removal was interrupted
  std::vector<io::Path> unfinished;      // files that such a removal had begun to write
  std::vector<Segment> segments;         // at least one
  std::unique_ptr<io::File> active;      // the last one, open for appending
  std::vector<RejectFile> reject_files;  // of segments before the front, in their order
  std::vector<RejectsAt> rejects;        // in the segments
  uint64_t reject_count = 0;             // of both
  std::vector<BulkAt> bulks;
  ProducerTable producers;
  model::Offset producers_from = 0;  // batches of earlier segments are in it already
  /// The segment in which the first of them came; none: before those that were read.
  std::optional<model::Offset> first_producer_in;
  int64_t last_ingested_at_us = 0;
  std::optional<TornTail> torn_tail;

  /// Takes in the batch that stands at the end of the last segment.
  void add(const BatchHeader& header);
  /// Who sent a batch of the last segment.
  void add_producer(const Producer& producer, const Answer& answer);
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
