#pragma once
// A log of batches that a test has made, for whatever reads a log.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "ingest/round_trip.h"
#include "log/event_log.h"
#include "tests/support/log_batches.h"

namespace anabranch::test {

/// A log of batches that are there already. Reads fail after many, so that a reader which goes round in
/// circles is seen. Any thread may call.
class StoredLog final : public log::EventLog {
 public:
  void add(log::Encoding encoding, uint32_t schema_version, uint32_t count) {
    const std::lock_guard lock(mutex_);
    log::NewBatch batch = test::numbered_events(end_, count);
    batch.schema_version = schema_version;
    batch.encoding = encoding;
    batches_.push_back(std::make_shared<const log::Batch>(ingest::as_stored(batch, end_)));
    end_ += count;
  }
  model::Offset end() const {
    const std::lock_guard lock(mutex_);
    return end_;
  }
  /// What is before `offset`, a batch's first one, is there no longer.
  void forget_before(model::Offset offset) {
    const std::lock_guard lock(mutex_);
    first_ = offset;
    std::erase_if(batches_, [&](const auto& batch) { return batch->base_offset < offset; });
  }
  void allow_reads(int reads) { reads_left_ = reads; }

  Result<std::vector<log::BatchPtr>> read(model::Partition, model::Offset from, model::Offset end,
                                          size_t) const override {
    const std::lock_guard lock(mutex_);
    if (reads_left_-- == 0) return fail(Code::internal, "read again and again");
    if (from < first_) return fail(Code::not_found, "no longer in the log");
    std::vector<log::BatchPtr> found;
    for (const auto& batch : batches_) {
      if (batch->end_offset() > from && batch->base_offset < end) found.push_back(batch);
    }
    return found;
  }
  Result<std::vector<log::BatchPtr>> bulk_batches(model::Partition, model::Offset,
                                                  model::Offset) const override {
    return std::vector<log::BatchPtr>{};
  }
  std::vector<model::Offset> durable_offsets() const override { return {end()}; }
  model::Offset first_offset(model::Partition) const override {
    const std::lock_guard lock(mutex_);
    return first_;
  }
  Result<log::Removed> remove_before(model::Partition, model::Offset, int64_t) override {
    return log::Removed{};
  }
  Result<uint64_t> remove_quarantined_before(int64_t) override { return 0u; }
  model::Partition partition_count() const override { return 1; }
  void append_parts(std::vector<log::NewBatch>, DoneParts) override {}
  std::optional<model::Partition> partition_of(const log::Producer&) const override { return std::nullopt; }
  void on_durable(std::function<void()>) override {}
  uint64_t next_sequence(std::string_view, std::optional<model::Partition>) const override { return 0; }
  uint64_t quarantined_count() const override { return 0; }
  Result<std::vector<log::QuarantineEntry>> quarantine(const std::optional<QuarantinePosition>&,
                                                       size_t) const override {
    return std::vector<log::QuarantineEntry>{};
  }
  uint64_t bytes_on_disk() const override { return 0; }
  void close() override {}

 private:
  std::vector<log::BatchPtr> batches_;
  model::Offset end_ = 0;
  model::Offset first_ = 0;
  mutable std::atomic<int> reads_left_ = 0;
  mutable std::mutex mutex_;
};

}  // namespace anabranch::test
