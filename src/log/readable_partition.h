#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "io/file_system.h"
#include "log/event_log.h"
#include "log/log_extent.h"
#include "log/partition_index.h"
#include "log/tail_cache.h"

namespace anabranch::log {

/// The read half of a partition: what is durable of its folder, for any number of readers. Who adds to it is
/// a Partition, which writes it, or a FollowedPartition, which is told. Any thread may call; a reader holds
/// the lock for a look-up, never while a disk works.
class ReadablePartition {
 public:
  virtual ~ReadablePartition() = default;

  model::Offset next_offset() const EXCLUDES(mutex_);
  model::Offset first_offset() const EXCLUDES(mutex_);
  PartitionExtent extent() const EXCLUDES(mutex_);
  /// As EventLog's. Who is in the middle of what is removed reads on, or gets not_found.
  Result<std::vector<BatchPtr>> read(model::Offset from, model::Offset end, size_t bytes_max)
      EXCLUDES(mutex_);
  Result<std::vector<BatchPtr>> bulk_batches(model::Offset from, model::Offset end) EXCLUDES(mutex_);
  uint64_t quarantined_count() const EXCLUDES(mutex_);
  /// Adds to `entries` until it holds `limit`, beginning after (position, index).
  Status quarantine(std::optional<std::pair<uint64_t, uint32_t>> after, size_t limit,
                    std::vector<QuarantineEntry>& entries) EXCLUDES(mutex_);
  uint64_t bytes_on_disk() const EXCLUDES(mutex_);

 protected:
  ReadablePartition(io::FileSystem& files, io::Path folder, model::Partition number, size_t tail_cache_bytes,
                    PartitionIndex found);

  /// A file is not there that was when it was looked up. What went is known to the index when this returns.
  virtual void on_missing_file() {}

  Result<Batch> read_batch_at(uint64_t partition_position) const EXCLUDES(mutex_);

  io::FileSystem& files_;
  const io::Path folder_;
  const model::Partition number_;

  // Written by one, read by everyone. The vectors' last elements change, the others do not; a removal takes
  // them from the front.
  mutable Mutex mutex_;
  PartitionIndex durable_ GUARDED_BY(mutex_);
  TailCache cache_ GUARDED_BY(mutex_);
  uint64_t removals_ GUARDED_BY(mutex_) = 0;  // so far: what was looked up before one may be gone

 private:
  std::unexpected<Error> fail_removed(model::Offset offset) const EXCLUDES(mutex_);
  Result<SegmentPlace> place_of_offset(model::Offset offset) const EXCLUDES(mutex_);
  Status read_place(const SegmentPlace& place, model::Offset from, model::Offset end, size_t bytes_max,
                    std::vector<BatchPtr>& batches, size_t& bytes) const;
  Status add_kept(const RejectFile& file, std::optional<std::pair<uint64_t, uint32_t>> after, size_t limit,
                  std::vector<QuarantineEntry>& entries) const;
  Status add_rejects(const RejectsAt& at, std::optional<std::pair<uint64_t, uint32_t>> after, size_t limit,
                     std::vector<QuarantineEntry>& entries) const EXCLUDES(mutex_);
};

}  // namespace anabranch::log
