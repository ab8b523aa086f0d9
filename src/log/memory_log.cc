#include "log/memory_log.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/hash.h"
#include "log/bulk_record.h"

namespace anabranch::log {

MemoryLog::MemoryLog(io::FileSystem& files, io::Clock& clock, const Options& options)
    : files_(files), clock_(clock), options_(options), parts_(options.partitions) {
  for (Part& part : parts_) part.producers = ProducerTable(options_.producers);
  committer_ = std::thread([this] { run(); });
}

MemoryLog::~MemoryLog() { close(); }

void MemoryLog::close() {
  {
    Lock lock(mutex_);
    is_closing_ = true;
    wake_.notify_all();
  }
  if (committer_.joinable()) committer_.join();
}

// ---- in ----

void MemoryLog::append(NewBatch batch, Done done) {
  auto prepared = prepare(std::move(batch));
  if (!prepared) return done(fail(std::move(prepared).error()));
  const size_t bytes = prepared->bytes();
  if (bytes > options_.batch_bytes_max) {
    return done(fail(Code::too_large,
                     fmt::format("a batch of {} bytes; at most {} fit", bytes, options_.batch_bytes_max),
                     "send it in smaller parts, or as a bulk file"));
  }
  const auto enqueue = [&]() -> Status {
    Lock lock(mutex_);
    if (is_closing_) return fail(Code::unavailable, "the log is closed", "try again when the server is up");
    if (queue_bytes_ > 0 && queue_bytes_ + bytes > options_.queue_bytes_max)
      return fail(Code::overloaded, fmt::format("{} bytes wait already", queue_bytes_),
                  "send again in a moment");
    queue_bytes_ += bytes;
    queue_.push_back({std::move(*prepared), std::move(done)});
    wake_.notify_one();
    return {};
  };
  if (const Status queued = enqueue(); !queued) done(fail(queued.error()));
}

void MemoryLog::run() {
  while (true) {
    std::deque<Pending> group;
    std::vector<Result<Appended>> outcomes;
    std::function<void()> listener;
    {
      Lock lock(mutex_);
      while (queue_.empty() && !is_closing_) lock.wait(wake_);
      if (queue_.empty()) return;
      group.swap(queue_);
      for (Pending& pending : group) {
        queue_bytes_ -= pending.prepared.bytes();
        outcomes.push_back(store(std::move(pending.prepared)));
      }
      listener = listener_;
    }
    for (size_t i = 0; i < group.size(); ++i) group[i].done(std::move(outcomes[i]));
    if (listener) listener();
  }
}

size_t MemoryLog::partition_of(std::string_view producer) const {
  return fnv1a(producer) % options_.partitions;
}

size_t MemoryLog::partition_for(const NewBatch& batch) {
  return batch.producer ? partition_of(batch.producer->id) : turn_++ % parts_.size();
}

Result<Appended> MemoryLog::store(PreparedBatch prepared) {
  const auto bytes = static_cast<uint64_t>(prepared.bytes());
  NewBatch& batch = prepared.batch;
  const auto number = static_cast<model::Partition>(partition_for(batch));
  Part& part = parts_[static_cast<size_t>(number)];
  const int64_t now_us = std::max(clock_.now_us(), part.last_ingested_at_us);
  if (batch.producer) {
    const auto judged = TRY(part.producers.judge(*batch.producer, ProducerTable(options_.producers), now_us));
    if (judged) return Appended{number, judged->range, judged->ingested_at_us, judged->rejects, true};
  }
  const Appended appended{
      number, {part.next, part.next + batch.count}, now_us, static_cast<uint32_t>(batch.rejects.size())};
  if (batch.producer) {
    part.producers.add(*batch.producer,
                       {appended.range, appended.rejects, now_us, batch.producer->fingerprint});
  }
  if (!batch.rejects.empty()) {
    const uint64_t reject_bytes = prepared.rejects.size();
    part.rejects.push_back({part.next_position, part.next, now_us, batch.rejects, reject_bytes});
  }
  part.batches.push_back(
      {std::make_shared<const Batch>(number, part.next, batch.count, batch.schema_version, batch.encoding,
                                     now_us, std::make_shared<const std::string>(std::move(batch.payload)),
                                     std::move(batch.rejects)),
       part.next_position, bytes});
  part.next += batch.count;
  part.next_position += bytes;
  part.last_ingested_at_us = now_us;
  return appended;
}

// ---- out ----

Status MemoryLog::check_partition(model::Partition partition) const {
  if (partition >= 0 && static_cast<size_t>(partition) < options_.partitions) return {};
  return fail(Code::not_found,
              fmt::format("no partition {}; this stream has {}", partition, options_.partitions));
}

std::unexpected<Error> MemoryLog::fail_removed(const Part& part, model::Offset offset) const {
  return fail(Code::not_found,
              fmt::format("the event at offset {} is no longer in the log, which begins at offset {}", offset,
                          part.first),
              "it is in the archive");
}

std::vector<model::Offset> MemoryLog::durable_offsets() const {
  Lock lock(mutex_);
  std::vector<model::Offset> offsets;
  for (const Part& part : parts_) offsets.push_back(part.next);
  return offsets;
}

model::Offset MemoryLog::first_offset(model::Partition partition) const {
  Lock lock(mutex_);
  return check_partition(partition) ? parts_[static_cast<size_t>(partition)].first : 0;
}

Result<std::vector<BatchPtr>> MemoryLog::read(model::Partition partition, model::Offset from,
                                              model::Offset end, size_t bytes_max) const {
  TRY(check_partition(partition));
  if (from < 0) return fail(Code::bad_input, fmt::format("offset {} is before the first one, 0", from));
  Lock lock(mutex_);
  const Part& part = parts_[static_cast<size_t>(partition)];
  std::vector<BatchPtr> found;
  if (from >= std::min(end, part.next)) return found;
  if (from < part.first) return fail_removed(part, from);
  size_t bytes = 0;
  for (const Stored& stored : part.batches) {
    const Batch& batch = *stored.batch;
    if (batch.base_offset >= end || (!found.empty() && bytes >= bytes_max)) break;
    if (batch.count == 0 || batch.end_offset() <= from) continue;
    bytes += batch.payload->size();
    found.push_back(stored.batch);
  }
  return found;
}

Result<std::vector<BatchPtr>> MemoryLog::bulk_batches(model::Partition partition, model::Offset from,
                                                      model::Offset end) const {
  TRY(check_partition(partition));
  Lock lock(mutex_);
  const Part& part = parts_[static_cast<size_t>(partition)];
  if (from < std::min(end, part.first)) return fail_removed(part, from);
  std::vector<BatchPtr> found;
  for (const Stored& stored : part.batches) {
    const Batch& batch = *stored.batch;
    const bool overlaps = batch.base_offset < end && batch.end_offset() > from;
    if (batch.encoding == Encoding::bulk && batch.count > 0 && overlaps) found.push_back(stored.batch);
  }
  return found;
}

void MemoryLog::on_durable(std::function<void()> listener) {
  Lock lock(mutex_);
  listener_ = std::move(listener);
}

uint64_t MemoryLog::next_sequence(std::string_view producer_id) const {
  Lock lock(mutex_);
  const Part& part = parts_[partition_of(producer_id)];
  return part.producers.next_sequence(producer_id, std::max(clock_.now_us(), part.last_ingested_at_us));
}

uint64_t MemoryLog::quarantined_count() const {
  Lock lock(mutex_);
  uint64_t count = 0;
  for (const Part& part : parts_) {
    for (const Rejects& rejects : part.rejects) count += rejects.all.size();
  }
  return count;
}

Result<std::vector<QuarantineEntry>> MemoryLog::quarantine(const std::optional<QuarantinePosition>& after,
                                                           size_t limit) const {
  if (after) TRY(check_partition(after->partition));
  Lock lock(mutex_);
  std::vector<QuarantineEntry> entries;
  for (auto number = after ? after->partition : 0; static_cast<size_t>(number) < parts_.size(); ++number) {
    for (const Rejects& rejects : parts_[static_cast<size_t>(number)].rejects) {
      for (uint32_t i = 0; i < rejects.all.size() && entries.size() < limit; ++i) {
        const bool is_before =
            after && number == after->partition &&
            std::pair(rejects.position, i) <= std::pair(after->batch_position, after->index);
        if (is_before) continue;
        entries.push_back(
            {number, rejects.at_offset, rejects.position, i, rejects.received_at_us, rejects.all[i]});
      }
    }
  }
  return entries;
}

// ---- removal ----

Result<Removed> MemoryLog::remove_before(model::Partition partition, model::Offset end,
                                         int64_t last_ingested_before_us) {
  TRY(check_partition(partition));
  Lock lock(mutex_);
  Part& part = parts_[static_cast<size_t>(partition)];
  Removed removed;
  std::set<std::string> files;
  while (!part.batches.empty()) {
    const Stored& stored = part.batches.front();
    const Batch& batch = *stored.batch;
    if (batch.end_offset() > end || batch.ingested_at_us >= last_ingested_before_us) break;
    if (batch.encoding == Encoding::bulk) files.insert(TRY(bulk_file_name(*batch.payload)));
    part.first = batch.end_offset();
    removed.bytes += stored.bytes;
    ++removed.segments;
    part.batches.pop_front();
  }
  const uint64_t gone_before = part.batches.empty() ? part.next_position : part.batches.front().position;
  for (Rejects& rejects : part.rejects) rejects.is_behind = rejects.position < gone_before;
  for (const Stored& stored : part.batches) {
    if (stored.batch->encoding == Encoding::bulk) files.erase(TRY(bulk_file_name(*stored.batch->payload)));
  }
  for (const std::string& name : files) {
    const io::Path path = options_.folder / fmt::to_string(partition) / "bulk" / name;
    if (!options_.folder.empty() && TRY(files_.exists(path))) TRY(files_.remove(path));
  }
  return removed;
}

Result<uint64_t> MemoryLog::remove_quarantined_before(int64_t received_before_us) {
  Lock lock(mutex_);
  uint64_t removed = 0;
  for (Part& part : parts_) {
    std::erase_if(part.rejects, [&](const Rejects& rejects) {
      if (!rejects.is_behind || rejects.received_at_us >= received_before_us) return false;
      removed += rejects.all.size();
      return true;
    });
  }
  return removed;
}

uint64_t MemoryLog::bytes_on_disk() const {
  Lock lock(mutex_);
  uint64_t bytes = 0;
  for (const Part& part : parts_) {
    for (const Stored& stored : part.batches) bytes += stored.bytes;
    for (const Rejects& rejects : part.rejects) bytes += rejects.is_behind ? rejects.bytes : 0;
  }
  return bytes;
}

}  // namespace anabranch::log
