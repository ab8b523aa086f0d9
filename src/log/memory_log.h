#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "log/batch_codec.h"
#include "log/event_log.h"
#include "log/producer_table.h"

namespace anabranch::log {

/// An event log that lies in memory and ends with its process: it keeps all promises of the port but that
/// what was acknowledged outlives that. For tests of what stands on a log, and the second adapter of
/// event_log_contract.h; no target can choose it. A unit of removal is one batch.
/// Owner: whoever made it; the clock and the files outlive it. A thread of its own answers.
class MemoryLog final : public EventLog {
 public:
  struct Options {
    model::Partition partitions = 1;
    size_t queue_bytes_max = 64 << 20;
    size_t batch_bytes_max = 64 << 20;
    ProducerTable::Limits producers;
    /// Where bulk files lie, `<folder>/<partition>/bulk`; empty: there are none.
    io::Path folder;
  };
  MemoryLog(io::FileSystem& files, io::Clock& clock, const Options& options);
  /// close().
  ~MemoryLog() override;

  model::Partition partition_count() const override { return options_.partitions; }
  void append_parts(std::vector<NewBatch> parts, DoneParts done) override EXCLUDES(mutex_);
  std::vector<model::Offset> durable_offsets() const override EXCLUDES(mutex_);
  model::Offset first_offset(model::Partition partition) const override EXCLUDES(mutex_);
  Result<std::vector<BatchPtr>> read(model::Partition partition, model::Offset from, model::Offset end,
                                     size_t bytes_max) const override EXCLUDES(mutex_);
  Result<std::vector<BatchPtr>> bulk_batches(model::Partition partition, model::Offset from,
                                             model::Offset end) const override EXCLUDES(mutex_);
  void on_durable(std::function<void()> listener) override EXCLUDES(mutex_);
  std::optional<model::Partition> partition_of(const Producer& producer) const override EXCLUDES(mutex_);
  uint64_t next_sequence(std::string_view producer_id, std::optional<model::Partition> chosen) const override
      EXCLUDES(mutex_);
  uint64_t quarantined_count() const override EXCLUDES(mutex_);
  Result<std::vector<QuarantineEntry>> quarantine(const std::optional<QuarantinePosition>& after,
                                                  size_t limit) const override EXCLUDES(mutex_);
  Result<Removed> remove_before(model::Partition partition, model::Offset end,
                                int64_t last_ingested_before_us) override EXCLUDES(mutex_);
  Result<uint64_t> remove_quarantined_before(int64_t received_before_us) override EXCLUDES(mutex_);
  uint64_t bytes_on_disk() const override EXCLUDES(mutex_);
  void close() override EXCLUDES(mutex_);

 private:
  struct Stored {
    BatchPtr batch;
    uint64_t position = 0;
    uint64_t bytes = 0;
  };
  struct Rejects {  // of one batch
    uint64_t position = 0;
    model::Offset at_offset = 0;
    int64_t received_at_us = 0;
    std::vector<Reject> all;
    uint64_t bytes = 0;
    bool is_behind = false;  // its batch was removed
  };
  struct Part {
    std::deque<Stored> batches;
    std::deque<Rejects> rejects;
    ProducerTable producers;
    model::Offset first = 0;
    model::Offset next = 0;
    uint64_t next_position = 0;
    int64_t last_ingested_at_us = 0;
  };
  struct Pending {
    std::vector<PreparedBatch> parts;
    DoneParts done;
    size_t bytes() const;
  };

  Status check_partition(model::Partition partition) const;
  int64_t time_us(const Part& part) const { return std::max(clock_.now_us(), part.last_ingested_at_us); }
  Result<std::vector<Appended>> store(std::vector<PreparedBatch> parts) REQUIRES(mutex_);
  Appended store(PreparedBatch prepared) REQUIRES(mutex_);
  std::unexpected<Error> fail_removed(const Part& part, model::Offset offset) const;
  void run() EXCLUDES(mutex_);

  io::FileSystem& files_;
  io::Clock& clock_;
  const Options options_;
  mutable Mutex mutex_;
  std::condition_variable wake_;
  std::vector<Part> parts_ GUARDED_BY(mutex_);
  std::deque<Pending> queue_ GUARDED_BY(mutex_);
  size_t queue_bytes_ GUARDED_BY(mutex_) = 0;
  bool is_closing_ GUARDED_BY(mutex_) = false;
  std::function<void()> listener_ GUARDED_BY(mutex_);
  std::thread committer_;
};

}  // namespace anabranch::log
