#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "io/clock.h"
#include "log/event_log.h"
#include "log/log_extent.h"
#include "log/partition.h"

namespace anabranch::log {

/// The embedded event log: segments of files, see FORMAT.md.
/// Owner: the application; the file system and the clock must outlive it. Any thread may call any method but
/// close(). One thread of its own takes everything that is queued, writes it with one append and one sync,
/// and only then answers: acknowledged is durable. After a failed sync, or a failed write that could not be
/// undone, it takes no more events (unavailable) and goes on serving readers; open it again to go on. A full
/// disk is no such failure: appends get disk_full until there is space.
class SegmentedLog final : public EventLog {
 public:
  struct Options {
    model::Partition partitions = 1;  // at least; those that are on the disk stay
    uint64_t segment_bytes = 256 << 20;
    size_t queue_bytes_max = 64 << 20;  // appends past it are overloaded; an empty queue takes any batch
    size_t group_bytes_max = 16 << 20;  // of one write; a larger batch goes alone
    size_t batch_bytes_max = 64 << 20;  // of one append; larger is too_large
    size_t tail_cache_bytes = 16 << 20;
    ProducerTable::Limits producers;
  };

  /// Checks and repairs what is in the folder (`log/<stream>`), creates it when it is missing, and locks it.
  /// conflict: another process uses it. corrupt, refused: the message names file, byte and remedy; nothing
  /// was changed.
  static Result<std::unique_ptr<SegmentedLog>> open(io::FileSystem& files, io::Clock& clock,
                                                    const io::Path& folder, const Options& options);
  /// close().
  ~SegmentedLog() override;

  void close() override;

  model::Partition partition_count() const override {
    return static_cast<model::Partition>(partitions_.size());
  }
  void append_parts(std::vector<NewBatch> parts, DoneParts done) override;
  std::vector<model::Offset> durable_offsets() const override;
  model::Offset first_offset(model::Partition partition) const override;
  Result<std::vector<BatchPtr>> read(model::Partition partition, model::Offset from, model::Offset end,
                                     size_t bytes_max) const override;
  Result<std::vector<BatchPtr>> bulk_batches(model::Partition partition, model::Offset from,
                                             model::Offset end) const override;
  void on_durable(std::function<void()> listener) override;
  std::optional<model::Partition> partition_of(const Producer& producer) const override;
  uint64_t next_sequence(std::string_view producer_id, std::optional<model::Partition> chosen) const override;
  uint64_t quarantined_count() const override;
  Result<std::vector<QuarantineEntry>> quarantine(const std::optional<QuarantinePosition>& after,
                                                  size_t limit) const override;
  /// Not from `done` or the listener: when the newest segment can go, the log's own thread begins the next
  /// one first.
  Result<Removed> remove_before(model::Partition partition, model::Offset end,
                                int64_t last_ingested_before_us) override;
  Result<uint64_t> remove_quarantined_before(int64_t received_before_us) override;
  uint64_t bytes_on_disk() const override;

  /// How far it reaches, for whoever reads the files beside it (FollowedLog): to be told after every group
  /// commit and every removal. A lock and 40 bytes a partition. The schema version is not known here.
  LogExtent extent() const override;

  /// What open() cut, one entry a partition that had a torn tail. Worth a line in the program's own log.
  std::vector<TornTail> torn_tails() const;

 private:
  /// A request that waits: its parts in the order of partitions.
  struct Pending {
    std::vector<PreparedBatch> parts;
    DoneParts done;
    size_t bytes() const;
  };
  /// What is to be written to each partition in one go, and of which requests of the group it is.
  struct Writes {
    explicit Writes(size_t partitions) : batches(partitions), owners(partitions) {}
    void add(PreparedBatch batch, size_t owner);
    std::vector<std::vector<PreparedBatch>> batches;
    std::vector<std::vector<size_t>> owners;
  };
  /// What became of a request so far.
  struct Outcome {
    std::vector<Appended> parts;
    std::optional<Error> error;
    bool is_judged = false;  // told apart as a repeat, or refused: nothing of it is written
    bool has_stored = false;
  };

  SegmentedLog(const Options& options, std::unique_ptr<io::FileLock> lock,
               std::vector<std::unique_ptr<Partition>> partitions);
  Status enqueue(Pending& pending) EXCLUDES(mutex_);
  void run();
  /// Runs on the log's own thread between two groups; the caller waits. Nothing when the log is closed.
  Status on_committer(std::function<Status()> task) EXCLUDES(mutex_);
  /// Waits for something to do: tasks, or what is queued up to the size of a group. Neither: it is closing.
  std::vector<Pending> take_group(std::vector<std::packaged_task<Status()>>& tasks) EXCLUDES(mutex_);
  void commit(std::vector<Pending> group) EXCLUDES(mutex_);
  void judge_requests(const Writes& homes, const std::vector<bool>& has_others,
                      std::vector<Outcome>& outcomes) const;
  Writes without_failed(Writes homes, const std::vector<bool>& has_others,
                        std::vector<Outcome>& outcomes) const;
  /// All partitions side by side.
  void write(Writes writes, std::vector<Outcome>& outcomes) EXCLUDES(mutex_);
  void gather(const Producer& producer, Outcome& outcome) const;
  Status check_partition(model::Partition partition) const;

  const Options options_;
  const uint64_t writer_;  // of all that ever opened this log, this one
  const std::unique_ptr<io::FileLock> folder_lock_;
  const std::vector<std::unique_ptr<Partition>> partitions_;

  mutable Mutex mutex_;
  std::condition_variable wake_;
  std::deque<Pending> queue_ GUARDED_BY(mutex_);
  size_t queue_bytes_ GUARDED_BY(mutex_) = 0;  // with the group that is being written
  std::vector<std::packaged_task<Status()>> tasks_ GUARDED_BY(mutex_);
  bool is_closing_ GUARDED_BY(mutex_) = false;
  std::optional<Error> ended_by_ GUARDED_BY(mutex_);
  std::function<void()> listener_ GUARDED_BY(mutex_);

  std::thread committer_;
};

}  // namespace anabranch::log
