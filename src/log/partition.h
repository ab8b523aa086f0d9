#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "log/batch_codec.h"
#include "log/event_log.h"
#include "log/readable_partition.h"
#include "log/recovery.h"

namespace anabranch::log {

struct PartitionOptions {
  uint64_t segment_bytes = 256 << 20;
  size_t tail_cache_bytes = 16 << 20;
  ProducerTable::Limits producers;
};

/// One partition of a stream: a folder of segments, one writer and any number of readers.
/// Owner: SegmentedLog. commit(), judge(), seal() and close() by its committer only, one at a time;
/// everything else on any thread. Readers see what is durable and nothing else.
class Partition final : public ReadablePartition {
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
  /// What commit() will say of batches that it is not going to write: a repeat's first answer, or why one is
  /// refused; nothing where one is due. On the committer thread.
  std::vector<std::optional<Result<Appended>>> judge(const std::vector<PreparedBatch>& group) const
      EXCLUDES(mutex_);
  /// Whether a request of this producer, or with this key, was told apart here.
  bool knows(const Producer& producer) const EXCLUDES(mutex_);
  /// What a batch of this producer got here; nothing when none is known.
  std::optional<Appended> find(const Producer& producer) const EXCLUDES(mutex_);
  /// Begins the next segment when all of the current one could be removed, so that a quiet partition shrinks
  /// too. Errors as of commit().
  Status seal(model::Offset end, int64_t last_ingested_before_us);
  /// Leaves a mark behind the last batch, by which a later start knows that it was durable (FORMAT.md).
  void close();

  uint64_t next_sequence(std::string_view producer_id) const;
  /// As EventLog's; one at a time.
  Result<Removed> remove_before(model::Offset end, int64_t last_ingested_before_us) EXCLUDES(removing_);
  Result<uint64_t> remove_quarantined_before(int64_t received_before_us) EXCLUDES(removing_);
  const std::optional<TornTail>& torn_tail() const { return torn_tail_; }

 private:
  Partition(io::FileSystem& files, io::Clock& clock, io::Path folder, model::Partition number,
            const PartitionOptions& options, RecoveredPartition found);

  int64_t ingestion_time_us() const EXCLUDES(mutex_);
  std::vector<std::optional<Result<Appended>>> judge(const std::vector<PreparedBatch>& group,
                                                     int64_t now_us) const EXCLUDES(mutex_);
  Status make_room(uint64_t group_bytes);
  Status begin_segment();
  Status write(std::string_view bytes);
  void publish(const BatchHeader& header, BatchPtr batch) REQUIRES(mutex_);
  std::unexpected<Error> end(Error error);

  /// What one removal takes, copied under the lock.
  struct Going {
    std::vector<Segment> segments;  // without their index
    std::vector<RejectsAt> rejects;
    std::vector<BulkAt> bulks;
    Front front;
    bool needs_table = false;  // of producers: what goes tells of some
  };
  /// A segment that is no part of the log any more, and may still be on the disk.
  struct Leftover {
    io::Path path;
    std::optional<std::vector<std::string>> bulk_files;  // that it names; not known after a start
  };
  Going going(model::Offset end, int64_t last_ingested_before_us) const EXCLUDES(mutex_);
  Result<RejectFile> keep_rejects(const Segment& segment, const std::vector<RejectsAt>& rejects) const;
  Result<std::set<std::string>> bulk_files_of(const std::vector<BulkAt>& bulks) const;
  Result<std::set<std::string>> kept_bulk_files() const EXCLUDES(mutex_);
  Status remove_leftovers(Removed& removed) REQUIRES(removing_);
  Result<RejectFile> without_rejects_before(const RejectFile& file, int64_t received_before_us) const;

  io::Clock& clock_;
  const PartitionOptions options_;
  const std::optional<TornTail> torn_tail_;

  // The committer's own.
  std::unique_ptr<io::File> active_;
  std::string buffer_;
  bool has_unmarked_batches_ = false;
  bool is_rolling_ =
      false;  // a next segment may be on the disk already: nothing more goes into the current one
  std::optional<Error> ended_by_;

  // Held while files go: before mutex_, never while it is held.
  Mutex removing_;
  std::deque<Leftover> leftovers_ GUARDED_BY(removing_);

  KnownProducers producers_ GUARDED_BY(mutex_);
};

}  // namespace anabranch::log
