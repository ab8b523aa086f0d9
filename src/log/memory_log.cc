#include "log/memory_log.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "log/bulk_record.h"

namespace anabranch::log {

MemoryLog::MemoryLog(io::FileSystem& files, io::Clock& clock, const Options& options)
    : files_(files), clock_(clock), options_(options), parts_(static_cast<size_t>(options.partitions)) {
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

size_t MemoryLog::Pending::bytes() const {
  size_t bytes = 0;
  for (const PreparedBatch& part : parts) bytes += part.bytes();
  return bytes;
}

void MemoryLog::append_parts(std::vector<NewBatch> parts, DoneParts done) {
  auto prepared = prepare_request(std::move(parts), options_.partitions, options_.batch_bytes_max);
  if (!prepared) return done(fail(std::move(prepared).error()));
  Pending pending{std::move(*prepared), std::move(done)};
  const size_t bytes = pending.bytes();
  const auto enqueue = [&]() -> Status {
    Lock lock(mutex_);
    if (is_closing_) return fail(Code::unavailable, "the log is closed", "try again when the server is up");
    if (queue_bytes_ > 0 && queue_bytes_ + bytes > options_.queue_bytes_max)
      return fail(Code::overloaded, fmt::format("{} bytes wait already", queue_bytes_),
                  "send again in a moment");
    queue_bytes_ += bytes;
    queue_.push_back(std::move(pending));
    wake_.notify_one();
    return {};
  };
  if (const Status queued = enqueue(); !queued) pending.done(fail(queued.error()));
}

void MemoryLog::run() {
  while (true) {
    std::deque<Pending> group;
    std::vector<Result<std::vector<Appended>>> outcomes;
    std::function<void()> listener;
    {
      Lock lock(mutex_);
      while (queue_.empty() && !is_closing_) lock.wait(wake_);
      if (queue_.empty()) return;
      group.swap(queue_);
      for (Pending& pending : group) {
        queue_bytes_ -= pending.bytes();
        outcomes.push_back(store(std::move(pending.parts)));
      }
      listener = listener_;
    }
    for (auto& outcome : outcomes) {
      if (outcome) std::ranges::sort(*outcome, {}, &Appended::partition);
    }
    for (size_t i = 0; i < group.size(); ++i) group[i].done(std::move(outcomes[i]));
    if (listener) listener();
  }
}

// A request is judged by its first part, and then all of it is there at once.
Result<std::vector<Appended>> MemoryLog::store(std::vector<PreparedBatch> parts) {
  std::vector<Appended> stored;
  const NewBatch& home = parts.front().batch;
  if (home.producer) {
    const Part& part = parts_[static_cast<size_t>(home.partition)];
    const auto first =
        TRY(part.producers.judge(*home.producer, ProducerTable(options_.producers), time_us(part)));
    if (first) {
      stored.push_back({home.partition, first->range, first->ingested_at_us, first->rejects, true});
      Producer producer = *home.producer;
      producer.is_part = true;
      for (model::Partition number = 0; number < options_.partitions; ++number) {
        const Part& other = parts_[static_cast<size_t>(number)];
        if (const auto answer = other.producers.find(producer, time_us(other)))
          stored.push_back({number, answer->range, answer->ingested_at_us, answer->rejects, true});
      }
      return stored;
    }
  }
  for (PreparedBatch& part : parts) stored.push_back(store(std::move(part)));
  return stored;
}

Appended MemoryLog::store(PreparedBatch prepared) {
  const auto bytes = static_cast<uint64_t>(prepared.bytes());
  NewBatch& batch = prepared.batch;
  const model::Partition number = batch.partition;
  Part& part = parts_[static_cast<size_t>(number)];
  const int64_t now_us = time_us(part);
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
  if (partition >= 0 && partition < options_.partitions) return {};
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

std::optional<model::Partition> MemoryLog::partition_of(const Producer& producer) const {
  Lock lock(mutex_);
  for (size_t number = 0; number < parts_.size(); ++number) {
    if (parts_[number].producers.knows(producer, time_us(parts_[number])))
      return static_cast<model::Partition>(number);
  }
  return std::nullopt;
}

uint64_t MemoryLog::next_sequence(std::string_view producer_id,
                                  std::optional<model::Partition> chosen) const {
  const auto partition = chosen ? chosen : partition_of({std::string(producer_id), 0, 0});
  Lock lock(mutex_);
  if (!partition || *partition < 0 || static_cast<size_t>(*partition) >= parts_.size()) return 0;
  const Part& part = parts_[static_cast<size_t>(*partition)];
  return part.producers.next_sequence(producer_id, time_us(part));
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
    if (batch.encoding == Encoding::bulk && !batch.payload->empty())
      files.insert(TRY(bulk_file_name(*batch.payload)));
    part.first = batch.end_offset();
    removed.bytes += stored.bytes;
    ++removed.segments;
    part.batches.pop_front();
  }
  const uint64_t gone_before = part.batches.empty() ? part.next_position : part.batches.front().position;
  for (Rejects& rejects : part.rejects) rejects.is_behind = rejects.position < gone_before;
  for (const Stored& stored : part.batches) {
    if (stored.batch->encoding == Encoding::bulk && !stored.batch->payload->empty())
      files.erase(TRY(bulk_file_name(*stored.batch->payload)));
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
