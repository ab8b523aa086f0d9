#include "log/partition.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/crc32c.h"
#include "base/mistake.h"
#include "io/random.h"
#include "log/producer_file.h"

namespace anabranch::log {
namespace {

constexpr std::string_view reopen_hint = "look after the disk, then restart";

}  // namespace

Result<std::unique_ptr<Partition>> Partition::open(io::FileSystem& files, io::Clock& clock,
                                                   const io::Path& folder, model::Partition number,
                                                   const PartitionOptions& options) {
  TRY(files.create_folders(folder));
  TRY(files.sync_folder(folder.parent_path()));
  auto found = TRY(recover_partition(files, folder, number, options.producers));
  auto partition =
      std::unique_ptr<Partition>(new Partition(files, clock, folder, number, options, std::move(found)));
  Lock removing(partition->removing_);
  Removed removed;
  (void)partition->remove_leftovers(removed);  // else the next removal does
  return partition;
}

Partition::Partition(io::FileSystem& files, io::Clock& clock, io::Path folder, model::Partition number,
                     const PartitionOptions& options, RecoveredPartition found)
    : ReadablePartition(files, std::move(folder), number, options.tail_cache_bytes,
                        std::move(static_cast<PartitionIndex&>(found))),
      clock_(clock),
      options_(options),
      torn_tail_(std::move(found.torn_tail)),
      active_(std::move(found.active)),
      producers_(std::move(found.producers)) {
  for (const io::Path& path : found.unfinished) (void)files_.remove(path);
  for (io::Path& path : found.leftovers) leftovers_.push_back({std::move(path), std::nullopt});
}

// What becomes of batches that are not to be written: a repeat's first answer, or why it is refused. Nothing
// where a batch is due. Answers of the group itself get their offsets when they are written.
std::vector<std::optional<Result<Appended>>> Partition::judge(const std::vector<PreparedBatch>& group,
                                                              int64_t now_us) const {
  std::vector<std::optional<Result<Appended>>> outcomes(group.size());
  const bool has_producers =
      std::any_of(group.begin(), group.end(), [](const auto& prepared) { return prepared.batch.producer; });
  if (!has_producers) return outcomes;
  Lock lock(mutex_);
  ProducerTable before(options_.producers);
  model::Offset next = durable_.segments.back().end_offset;
  for (size_t i = 0; i < group.size(); ++i) {
    const NewBatch& batch = group[i].batch;
    const model::OffsetRange range{next, next + batch.count};
    if (batch.producer) {
      const auto judged = producers_.table.judge(*batch.producer, before, now_us);
      if (!judged) {
        outcomes[i] = fail(judged.error());
        continue;
      }
      if (const auto& answer = *judged) {
        outcomes[i] = Appended{number_, answer->range, answer->ingested_at_us, answer->rejects, true};
        continue;
      }
      before.add(*batch.producer,
                 {range, static_cast<uint32_t>(batch.rejects.size()), now_us, batch.producer->fingerprint});
    }
    next = range.end;
  }
  return outcomes;
}

std::vector<std::optional<Result<Appended>>> Partition::judge(const std::vector<PreparedBatch>& group) const {
  return judge(group, ingestion_time_us());
}

bool Partition::knows(const Producer& producer) const {
  const int64_t now_us = ingestion_time_us();
  Lock lock(mutex_);
  return producers_.table.knows(producer, now_us);
}

std::optional<Appended> Partition::find(const Producer& producer) const {
  const int64_t now_us = ingestion_time_us();
  Lock lock(mutex_);
  const auto answer = producers_.table.find(producer, now_us);
  if (!answer) return std::nullopt;
  return Appended{number_, answer->range, answer->ingested_at_us, answer->rejects, true};
}

// Never smaller than one that was given out.
int64_t Partition::ingestion_time_us() const {
  Lock lock(mutex_);
  return std::max(clock_.now_us(), durable_.last_ingested_at_us);
}

Result<std::vector<Result<Appended>>> Partition::commit(std::vector<PreparedBatch> group) {
  if (ended_by_) {
    return fail(Code::unavailable, fmt::format("the log takes no more events since {}", ended_by_->message),
                std::string(reopen_hint));
  }
  const int64_t now_us = ingestion_time_us();
  std::vector<std::optional<Result<Appended>>> outcomes = judge(group, now_us);
  uint64_t group_bytes = 0;
  for (size_t i = 0; i < group.size(); ++i) group_bytes += outcomes[i] ? 0 : group[i].bytes();
  if (group_bytes > 0) TRY(make_room(group_bytes));

  BatchHeader header;
  uint32_t salt = 0;
  {
    Lock lock(mutex_);
    header.base_offset = durable_.segments.back().end_offset;
    salt = durable_.segments.back().header.salt;
    header.ingested_at_us = now_us;
  }
  std::vector<std::optional<BatchHeader>> headers(group.size());
  buffer_.clear();
  buffer_.reserve(group_bytes);
  for (size_t i = 0; i < group.size(); ++i) {
    if (outcomes[i]) continue;
    const PreparedBatch& prepared = group[i];
    header.body_crc = prepared.body_crc;
    header.body_bytes = static_cast<uint32_t>(prepared.bytes() - batch_header_bytes);
    header.count = prepared.batch.count;
    header.schema_version =
        is_planted("the log names the first schema version") ? 1 : prepared.batch.schema_version;
    header.payload_bytes = static_cast<uint32_t>(prepared.batch.payload.size());
    header.reject_count = static_cast<uint32_t>(prepared.batch.rejects.size());
    header.group_bytes_before = static_cast<uint32_t>(buffer_.size());
    header.extension_bytes = static_cast<uint16_t>(prepared.extension.size());
    header.encoding = prepared.batch.encoding;
    put_batch_header(buffer_, header, salt);
    buffer_ += prepared.extension;
    buffer_ += prepared.batch.payload;
    buffer_ += prepared.rejects;
    headers[i] = header;
    outcomes[i] = Appended{
        number_, {header.base_offset, header.end_offset()}, header.ingested_at_us, header.reject_count};
    header.base_offset = header.end_offset();
  }
  ANABRANCH_ASSERT(buffer_.size() == group_bytes && group_bytes <= UINT32_MAX);
  if (group_bytes > 0) {
    TRY(write(buffer_));
    has_unmarked_batches_ = true;
  }

  std::vector<std::pair<BatchHeader, BatchPtr>> written;
  for (size_t i = 0; i < group.size(); ++i) {
    if (!headers[i]) continue;
    NewBatch& batch = group[i].batch;
    written.emplace_back(*headers[i], std::make_shared<const Batch>(
                                          number_, headers[i]->base_offset, batch.count, batch.schema_version,
                                          batch.encoding, headers[i]->ingested_at_us,
                                          std::make_shared<const std::string>(std::move(batch.payload)),
                                          std::move(batch.rejects)));
  }
  std::vector<Result<Appended>> appended;
  for (auto& outcome : outcomes) appended.push_back(std::move(*outcome));
  Lock lock(mutex_);
  for (auto& [written_header, batch] : written) publish(written_header, std::move(batch));
  for (size_t i = 0; i < group.size(); ++i) {
    if (!headers[i] || !group[i].batch.producer) continue;
    const Producer& producer = *group[i].batch.producer;
    producers_.add(producer,
                   {{headers[i]->base_offset, headers[i]->end_offset()},
                    headers[i]->reject_count,
                    headers[i]->ingested_at_us,
                    producer.fingerprint},
                   durable_.segments.back().header.base_offset);
  }
  return appended;
}

void Partition::publish(const BatchHeader& header, BatchPtr batch) {
  durable_.add(header);
  if (header.count > 0) cache_.push(std::move(batch));
}

// Begins the next segment when the group does not fit into this one.
Status Partition::make_room(uint64_t group_bytes) {
  {
    Lock lock(mutex_);
    const Segment& last = durable_.segments.back();
    // A segment without events cannot be left: the next one would have its name.
    const bool is_full =
        last.size + group_bytes > options_.segment_bytes && last.end_offset > last.header.base_offset;
    if (!is_full && !is_rolling_) return {};
  }
  return begin_segment();
}

Status Partition::seal(model::Offset end, int64_t last_ingested_before_us) {
  if (ended_by_) return {};
  {
    Lock lock(mutex_);
    const Segment& last = durable_.segments.back();
    if (last.end_offset == last.header.base_offset || last.end_offset > end ||
        last.last_ingested_at_us >= last_ingested_before_us)
      return {};
  }
  return begin_segment();
}

Status Partition::begin_segment() {
  std::optional<Segment> next;
  {
    Lock lock(mutex_);
    const Segment& last = durable_.segments.back();
    const SegmentHeader header{number_, last.end_offset, last.end_position(),
                               static_cast<uint32_t>(io::random_u64())};
    next.emplace(folder_ / segment_name(header.base_offset), header);
  }
  is_rolling_ = true;
  auto file = create_segment(files_, *next);
  if (!file) {
    Error error = std::move(file).error();
    if (error.code == Code::disk_full) {
      leave_suspicion(files_, folder_);  // a sync may say so too
      return fail(std::move(error));
    }
    error.code = Code::unavailable;
    error.hint = reopen_hint;
    return end(std::move(error));
  }
  active_ = std::move(*file);
  is_rolling_ = false;
  ProducerTable producers;
  const model::Offset base_offset = next->header.base_offset;
  {
    Lock lock(mutex_);
    durable_.segments.push_back(std::move(*next));
    producers = producers_.table;
  }
  // The log is as good without it: a start reads more then.
  if (!producers.is_empty()) (void)write_producers(files_, folder_, base_offset, producers);
  return {};
}

Status Partition::write(std::string_view bytes) {
  if (Status written = active_->append(bytes); !written) {
    Error error = std::move(written).error();
    uint64_t size = 0;
    {
      Lock lock(mutex_);
      size = durable_.segments.back().size;
    }
    Status cut = active_->truncate(size);
    if (cut) cut = active_->sync();
    if (cut && error.code == Code::disk_full) return fail(std::move(error));
    if (!cut)
      error.message += fmt::format("; and what was written could not be taken back: {}", cut.error().message);
    error.code = cut ? Code::unavailable : Code::unknown_outcome;
    error.hint = reopen_hint;
    return end(std::move(error));
  }
  if (Status synced = active_->sync(); !synced) {
    // The operating system may have dropped the bytes and call the next sync a success: only a fresh start
    // can tell.
    Error error = std::move(synced).error();
    error.code = Code::unknown_outcome;
    error.hint = reopen_hint;
    return end(std::move(error));
  }
  return {};
}

std::unexpected<Error> Partition::end(Error error) {
  leave_suspicion(files_, folder_);
  ended_by_ = error;
  return fail(std::move(error));
}

void Partition::close() {
  if (!has_unmarked_batches_ || is_rolling_ || ended_by_) return;
  BatchHeader mark;
  mark.body_crc = crc32c({});
  std::string bytes;
  {
    Lock lock(mutex_);
    mark.base_offset = durable_.segments.back().end_offset;
    mark.ingested_at_us = durable_.last_ingested_at_us;
    put_batch_header(bytes, mark, durable_.segments.back().header.salt);
  }
  if (!write(bytes)) return;  // the log is as good without it
  has_unmarked_batches_ = false;
  Lock lock(mutex_);
  durable_.add(mark);
}

uint64_t Partition::next_sequence(std::string_view producer_id) const {
  const int64_t now_us = ingestion_time_us();
  Lock lock(mutex_);
  return producers_.table.next_sequence(producer_id, now_us);
}

}  // namespace anabranch::log
