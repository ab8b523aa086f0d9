#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "log/batch_codec.h"
#include "log/event_log.h"
#include "log/recovery.h"
#include "log/segment.h"
#include "log/tail_cache.h"

namespace anabranch::log {

struct PartitionOptions {
  uint64_t segment_bytes = 256 << 20;
  size_t tail_cache_bytes = 16 << 20;
  ProducerTable::Limits producers;
};

/// One partition of a stream: a folder of segments, one writer and any number of readers.
/// Owner: SegmentedLog. commit() and close() on its committer thread only; everything else on any thread.
/// Readers see what is durable and nothing else; they hold the lock for a look-up, never while a disk works.
class Partition {
 public:
  static Result<std::unique_ptr<Partition>> open(io::FileSystem& files, io::Clock& clock,
                                                 const io::Path& folder, model::Partition number,
                                                 const PartitionOptions& options);

  /// Gives the batches their offsets and writes them: all are durable and visible when it returns, or none is
  /// acknowledged. disk_full: nothing was stored, try again when there is space. Any other error ends the
  /// partition until it is opened again: unavailable when nothing was stored, unknown_outcome when it may
  /// have been. A batch that its producer sent before gets the answer it had; a batch for itself is refused
  /// (conflict) when it is not the one that is due from its producer.
  Result<std::vector<Result<Appended>>> commit(std::vector<PreparedBatch> group);
  /// Leaves a mark behind the last batch, by which a later start knows that it was durable (FORMAT.md).
  void close();

  model::Offset next_offset() const;
  Result<std::vector<BatchPtr>> read(model::Offset from, model::Offset end, size_t bytes_max) const;
  Result<std::vector<BatchPtr>> bulk_batches(model::Offset from, model::Offset end) const;
  uint64_t next_sequence(std::string_view producer_id) const;
  uint64_t quarantined_count() const;
  /// Adds to `entries` until it holds `limit`, beginning after (position, index).
  Status quarantine(std::optional<std::pair<uint64_t, uint32_t>> after, size_t limit,
                    std::vector<QuarantineEntry>& entries) const;
  uint64_t bytes_on_disk() const;
  const std::optional<TornTail>& torn_tail() const { return torn_tail_; }

 private:
  /// A segment as a reader needs it, copied under the lock.
  struct Place {
    Segment segment;  // without its index
    uint64_t position = 0;
  };

  Partition(io::FileSystem& files, io::Clock& clock, io::Path folder, model::Partition number,
            const PartitionOptions& options, RecoveredPartition found);

  int64_t ingestion_time_us() const EXCLUDES(mutex_);
  std::vector<std::optional<Result<Appended>>> judge(const std::vector<PreparedBatch>& group,
                                                     int64_t now_us) const EXCLUDES(mutex_);
  Status make_room(uint64_t group_bytes);
  Status write(std::string_view bytes);
  void publish(const BatchHeader& header, BatchPtr batch) REQUIRES(mutex_);
  std::unexpected<Error> end(Error error);
  Place place_of_offset(model::Offset offset) const EXCLUDES(mutex_);
  Place place_at(uint64_t partition_position) const EXCLUDES(mutex_);
  Result<Batch> read_batch_at(uint64_t partition_position) const;
  Status read_place(const Place& place, model::Offset from, model::Offset end, size_t bytes_max,
                    std::vector<BatchPtr>& batches, size_t& bytes) const;

  io::FileSystem& files_;
  io::Clock& clock_;
  const io::Path folder_;
  const model::Partition number_;
  const PartitionOptions options_;
  const std::optional<TornTail> torn_tail_;

  // The committer's own.
  std::unique_ptr<io::File> active_;
  std::string buffer_;
  bool has_unmarked_batches_ = false;
  bool is_rolling_ =
      false;  // a next segment may be on the disk already: nothing more goes into the current one
  std::optional<Error> ended_by_;

  // Written by the committer, read by everyone. The vectors' last elements change, the others do not.
  mutable Mutex mutex_;
  RecoveredPartition durable_ GUARDED_BY(mutex_);
  TailCache cache_ GUARDED_BY(mutex_);
};

}  // namespace anabranch::log
