#include "log/followed_log.h"

#include <fmt/format.h>

#include "base/assert.h"

namespace anabranch::log {

Result<std::unique_ptr<FollowedLog>> FollowedLog::open(io::FileSystem& files, io::Path folder, Writer writer,
                                                       const LogExtent& told, const Options& options) {
  ANABRANCH_ASSERT(writer.remove_before && writer.remove_quarantined_before && writer.partition_of &&
                   writer.next_sequence);
  std::unique_ptr<FollowedLog> log(new FollowedLog(files, std::move(folder), std::move(writer), options));
  TRY(log->advance(told));
  return log;
}

Status FollowedLog::advance(const LogExtent& told) {
  Lock advancing(advancing_);
  const bool is_new_writer = writer_told_ != told.writer && !told.partitions.empty();
  const std::vector<FollowedPartition*> known = partitions();
  Status taken;
  bool has_more = false;
  for (size_t i = 0; i < told.partitions.size(); ++i) {
    std::unique_ptr<FollowedPartition> added;
    if (i >= known.size()) {
      added = std::make_unique<FollowedPartition>(
          files_, folder_ / fmt::to_string(i), static_cast<model::Partition>(i), options_.tail_cache_bytes);
    }
    FollowedPartition& partition = added ? *added : *known[i];
    const uint64_t before = partition.extent().end_position;
    const Status advanced = partition.advance(told.partitions[i], is_new_writer);
    if (!advanced && taken) taken = advanced;
    has_more = has_more || partition.extent().end_position > before;
    if (added) {
      Lock lock(mutex_);
      partitions_.push_back(std::move(added));
    }
  }
  // Else it is tried again in full.
  if (is_new_writer && taken) writer_told_ = told.writer;
  std::function<void()> listener;
  {
    Lock lock(mutex_);
    listener = listener_;
  }
  advancing.unlock();
  if (has_more && listener) listener();
  return taken;
}

std::vector<FollowedPartition*> FollowedLog::partitions() const {
  std::vector<FollowedPartition*> all;
  Lock lock(mutex_);
  for (const auto& partition : partitions_) all.push_back(partition.get());
  return all;
}

Result<FollowedPartition*> FollowedLog::partition(model::Partition number) const {
  Lock lock(mutex_);
  if (number >= 0 && static_cast<size_t>(number) < partitions_.size())
    return partitions_[static_cast<size_t>(number)].get();
  return fail(Code::not_found,
              fmt::format("no partition {}; this stream has {}", number, partitions_.size()));
}

model::Partition FollowedLog::partition_count() const {
  Lock lock(mutex_);
  return static_cast<model::Partition>(partitions_.size());
}

void FollowedLog::append_parts(std::vector<NewBatch>, DoneParts done) {
  done(fail(Code::unavailable,
            fmt::format("the log in {} is read here, and written by {}", folder_.string(), writer_.name),
            fmt::format("send the events to {}", writer_.name)));
}

std::vector<model::Offset> FollowedLog::durable_offsets() const {
  std::vector<model::Offset> offsets;
  for (const FollowedPartition* partition : partitions()) offsets.push_back(partition->next_offset());
  return offsets;
}

model::Offset FollowedLog::first_offset(model::Partition number) const {
  const auto found = partition(number);
  return found ? (*found)->first_offset() : 0;
}

Result<std::vector<BatchPtr>> FollowedLog::read(model::Partition number, model::Offset from,
                                                model::Offset end, size_t bytes_max) const {
  FollowedPartition& found = *TRY(partition(number));
  if (from < 0) return fail(Code::bad_input, fmt::format("offset {} is before the first one, 0", from));
  return found.read(from, end, bytes_max);
}

Result<std::vector<BatchPtr>> FollowedLog::bulk_batches(model::Partition number, model::Offset from,
                                                        model::Offset end) const {
  return TRY(partition(number))->bulk_batches(from, end);
}

void FollowedLog::on_durable(std::function<void()> listener) {
  Lock lock(mutex_);
  listener_ = std::move(listener);
}

std::optional<model::Partition> FollowedLog::partition_of(const Producer& producer) const {
  return writer_.partition_of(producer);
}

uint64_t FollowedLog::next_sequence(std::string_view producer_id,
                                    std::optional<model::Partition> chosen) const {
  return writer_.next_sequence(producer_id, chosen);
}

uint64_t FollowedLog::quarantined_count() const {
  uint64_t count = 0;
  for (const FollowedPartition* partition : partitions()) count += partition->quarantined_count();
  return count;
}

Result<std::vector<QuarantineEntry>> FollowedLog::quarantine(const std::optional<QuarantinePosition>& after,
                                                             size_t limit) const {
  std::vector<QuarantineEntry> entries;
  if (after) TRY(partition(after->partition));
  const std::vector<FollowedPartition*> all = partitions();
  for (size_t number = after ? static_cast<size_t>(after->partition) : 0; number < all.size(); ++number) {
    std::optional<std::pair<uint64_t, uint32_t>> place;
    if (after && static_cast<size_t>(after->partition) == number)
      place.emplace(after->batch_position, after->index);
    TRY(all[number]->quarantine(place, limit, entries));
  }
  return entries;
}

Result<Removed> FollowedLog::remove_before(model::Partition number, model::Offset end,
                                           int64_t last_ingested_before_us) {
  FollowedPartition& found = *TRY(partition(number));
  auto removed = writer_.remove_before(number, end, last_ingested_before_us);
  // Also when it failed: it may have come far enough. A look that fails is repeated when the writer tells.
  (void)found.notice_removals();
  return removed;
}

Result<uint64_t> FollowedLog::remove_quarantined_before(int64_t received_before_us) {
  auto removed = writer_.remove_quarantined_before(received_before_us);
  for (FollowedPartition* partition : partitions()) (void)partition->notice_removals();
  return removed;
}

uint64_t FollowedLog::bytes_on_disk() const {
  uint64_t bytes = 0;
  for (const FollowedPartition* partition : partitions()) bytes += partition->bytes_on_disk();
  return bytes;
}

}  // namespace anabranch::log
