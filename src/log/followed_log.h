#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "log/event_log.h"
#include "log/followed_partition.h"
#include "log/log_extent.h"

namespace anabranch::log {

/// The log of a SegmentedLog that somebody else has open, for reading beside it: the same files, as far as
/// its writer says that they are durable (LogExtent), and never a byte more. It takes no lock, writes nothing
/// and repairs nothing. Files are read and not mapped: the writer cuts off what it could not write. Owner:
/// the application; the file system must outlive it. Any thread may call any method.
///
/// advance() wants to be told after every group commit and after every removal. What is told late is seen
/// late, and is never wrong: events that were removed meanwhile are not_found, as with the writer itself.
class FollowedLog final : public EventLog {
 public:
  struct Options {
    size_t tail_cache_bytes = 16 << 20;  // of a partition
  };

  /// What only the writer knows or may do; each as the method of EventLog. All are needed.
  struct Writer {
    std::string name;  // for a person who appends here: "the server"
    std::function<Result<Removed>(model::Partition, model::Offset end, int64_t last_ingested_before_us)>
        remove_before;
    std::function<Result<uint64_t>(int64_t received_before_us)> remove_quarantined_before;
    std::function<std::optional<model::Partition>(const Producer&)> partition_of;
    std::function<uint64_t(std::string_view producer_id, std::optional<model::Partition> chosen)>
        next_sequence;
  };

  /// Reads the headers of all batches that were told of. An extent without partitions: of a writer that has
  /// not told anything yet; the folder may be missing then. Errors as of advance().
  static Result<std::unique_ptr<FollowedLog>> open(io::FileSystem& files, io::Path folder, Writer writer,
                                                   const LogExtent& told, const Options& options);

  /// Takes in what the writer told, with the batches that came since, and calls the listener on this thread
  /// when there are any. An extent that is older than another of the same writer changes nothing. One that
  /// comes from a writer that opened the log anew may not reach less far than what was told before.
  /// corrupt, refused: the files of a partition do not fit what was told; the message says which, and the
  /// other partitions are taken in. What was there before can be read in any case.
  Status advance(const LogExtent& told) EXCLUDES(advancing_);

  model::Partition partition_count() const override;
  /// unavailable, at once: events go to the writer.
  void append_parts(std::vector<NewBatch> parts, DoneParts done) override;
  std::vector<model::Offset> durable_offsets() const override;
  model::Offset first_offset(model::Partition partition) const override;
  Result<std::vector<BatchPtr>> read(model::Partition partition, model::Offset from, model::Offset end,
                                     size_t bytes_max) const override;
  Result<std::vector<BatchPtr>> bulk_batches(model::Partition partition, model::Offset from,
                                             model::Offset end) const override;
  /// Called by advance().
  void on_durable(std::function<void()> listener) override;
  std::optional<model::Partition> partition_of(const Producer& producer) const override;
  uint64_t next_sequence(std::string_view producer_id, std::optional<model::Partition> chosen) const override;
  uint64_t quarantined_count() const override;
  Result<std::vector<QuarantineEntry>> quarantine(const std::optional<QuarantinePosition>& after,
                                                  size_t limit) const override;
  /// Done by the writer; seen here when it returns.
  Result<Removed> remove_before(model::Partition partition, model::Offset end,
                                int64_t last_ingested_before_us) override;
  Result<uint64_t> remove_quarantined_before(int64_t received_before_us) override;
  uint64_t bytes_on_disk() const override;
  /// Nothing is queued here; readers go on.
  void close() override {}

 private:
  FollowedLog(io::FileSystem& files, io::Path folder, Writer writer, const Options& options)
      : files_(files), folder_(std::move(folder)), writer_(std::move(writer)), options_(options) {}

  std::vector<FollowedPartition*> partitions() const EXCLUDES(mutex_);
  Result<FollowedPartition*> partition(model::Partition number) const EXCLUDES(mutex_);

  io::FileSystem& files_;
  const io::Path folder_;
  const Writer writer_;
  const Options options_;

  // Held by who takes something in: before mutex_, never while it is held.
  Mutex advancing_;
  std::optional<uint64_t> writer_told_ GUARDED_BY(advancing_);

  mutable Mutex mutex_;
  std::vector<std::unique_ptr<FollowedPartition>> partitions_ GUARDED_BY(mutex_);  // none goes
  std::function<void()> listener_ GUARDED_BY(mutex_);
};

}  // namespace anabranch::log
