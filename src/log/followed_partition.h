#pragma once

#include <cstdint>

#include "base/mutex.h"
#include "base/result.h"
#include "log/readable_partition.h"

namespace anabranch::log {

/// A partition that somebody else writes, as far as its writer told. Reads files, and changes none; holds
/// none open between two calls. Owner: FollowedLog. Any thread may call.
class FollowedPartition final : public ReadablePartition {
 public:
  /// Without a batch: nothing is read.
  FollowedPartition(io::FileSystem& files, io::Path folder, model::Partition number, size_t tail_cache_bytes);

  /// Takes in what its writer told, and the headers of the batches that came since. What another call or the
  /// disk told already changes nothing. corrupt, refused: what is there does not fit what was told, the
  /// message names file and byte; what was taken in stays. `is_new_writer`: the log was opened again.
  Status advance(const PartitionExtent& told, bool is_new_writer) EXCLUDES(changing_);
  /// Takes in what the disk says of removals, which may be newer than what was told.
  Status notice_removals() EXCLUDES(changing_);

 private:
  void on_missing_file() override { (void)notice_removals(); }
  Status grow(const PartitionExtent& told, bool is_new_writer) REQUIRES(changing_);
  Status read_on(uint64_t end_position) REQUIRES(changing_);
  Status begin_next_segment() REQUIRES(changing_) EXCLUDES(mutex_);
  Status notice_front() REQUIRES(changing_) EXCLUDES(mutex_);
  Status begin_at(const Front& front) REQUIRES(changing_) EXCLUDES(mutex_);
  Result<std::vector<RejectFile>> reject_files_before(model::Offset front) const EXCLUDES(mutex_);

  const size_t cache_bytes_max_;

  // Held while the index is brought up to date: before mutex_, never while it is held.
  Mutex changing_;
  uint64_t removals_told_ GUARDED_BY(changing_) = 0;
};

}  // namespace anabranch::log
