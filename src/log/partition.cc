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

constexpr size_t read_window_bytes_min = 64 << 10;
constexpr size_t read_window_bytes_max = 1 << 20;
constexpr std::string_view reopen_hint = "look after the disk, then restart";

std::string damage_hint(const Segment& segment) {
  return fmt::format(
      "restore this file from a backup of the log folder; until then the events of offsets {} to {} cannot "
      "all be read",
      segment.header.base_offset, segment.end_offset - 1);
}

// The error of a batch that cannot be read, with what to do about it.
std::unexpected<Error> fail_reading(Error error, const Segment& segment) {
  if (error.code == Code::corrupt) error.hint = damage_hint(segment);
  return fail(std::move(error));
}

Result<Batch> read_body(SegmentReader& reader, const SegmentReader::Frame& frame, const Segment& segment) {
  const auto body = reader.body(frame);
  if (!body) return fail_reading(body.error(), segment);
  auto batch = parse_batch(segment.header.partition, frame.header, *body);
  if (!batch) return fail_reading(damaged(segment.path, frame.position, batch.error().message, {}), segment);
  return batch;
}

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
    : files_(files),
      clock_(clock),
      folder_(std::move(folder)),
      number_(number),
      options_(options),
      torn_tail_(std::move(found.torn_tail)),
      active_(std::move(found.active)),
      durable_(std::move(found)),
      cache_(options.tail_cache_bytes, durable_.segments.back().end_offset) {
  for (const io::Path& path : durable_.unfinished) (void)files_.remove(path);
  durable_.unfinished.clear();
  for (io::Path& path : durable_.leftovers) leftovers_.push_back({std::move(path), std::nullopt});
  durable_.leftovers.clear();
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
      const auto judged = durable_.producers.judge(*batch.producer, before, now_us);
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
  return durable_.producers.knows(producer, now_us);
}

std::optional<Appended> Partition::find(const Producer& producer) const {
  const int64_t now_us = ingestion_time_us();
  Lock lock(mutex_);
  const auto answer = durable_.producers.find(producer, now_us);
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
    durable_.add_producer(producer, {{headers[i]->base_offset, headers[i]->end_offset()},
                                     headers[i]->reject_count,
                                     headers[i]->ingested_at_us,
                                     producer.fingerprint});
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
    producers = durable_.producers;
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

model::Offset Partition::next_offset() const {
  Lock lock(mutex_);
  return durable_.segments.back().end_offset;
}

uint64_t Partition::next_sequence(std::string_view producer_id) const {
  const int64_t now_us = ingestion_time_us();
  Lock lock(mutex_);
  return durable_.producers.next_sequence(producer_id, now_us);
}

uint64_t Partition::quarantined_count() const {
  Lock lock(mutex_);
  return durable_.reject_count;
}

model::Offset Partition::first_offset() const {
  Lock lock(mutex_);
  return durable_.front.offset;
}

uint64_t Partition::bytes_on_disk() const {
  Lock lock(mutex_);
  uint64_t bytes = durable_.segments.back().end_position() - durable_.front.position;
  for (const RejectFile& file : durable_.reject_files) bytes += file.bytes;
  return bytes;
}

Result<std::vector<BatchPtr>> Partition::read(model::Offset from, model::Offset end, size_t bytes_max) const {
  std::vector<BatchPtr> batches;
  {
    Lock lock(mutex_);
    end = std::min(end, durable_.segments.back().end_offset);
    if (from >= end) return batches;
    if (from >= durable_.front.offset && cache_.covers(from)) return cache_.read(from, end, bytes_max);
  }
  size_t bytes = 0;
  while (from < end && (batches.empty() || bytes < bytes_max)) {
    const Place place = TRY(place_of_offset(from));
    if (Status read = read_place(place, from, end, bytes_max, batches, bytes); !read) {
      if (read.error().code == Code::not_found && from < first_offset()) return fail_removed(from);
      return fail(std::move(read).error());
    }
    from = place.segment.end_offset;
  }
  return batches;
}

std::unexpected<Error> Partition::fail_removed(model::Offset offset) const {
  return fail(Code::not_found,
              fmt::format("the event at offset {} is no longer in the log {}, which begins at offset {}",
                          offset, folder_.string(), first_offset()),
              "it is in the archive");
}

Result<Partition::Place> Partition::place_of_offset(model::Offset offset) const {
  Lock lock(mutex_);
  const auto after = std::upper_bound(
      durable_.segments.begin(), durable_.segments.end(), offset,
      [](model::Offset wanted, const Segment& segment) { return wanted < segment.header.base_offset; });
  if (after == durable_.segments.begin()) {
    lock.unlock();
    return fail_removed(offset);
  }
  const Segment& segment = *std::prev(after);
  Place place{Segment(segment.path, segment.header), segment.position_before(offset)};
  place.segment.size = segment.size;
  place.segment.end_offset = segment.end_offset;
  return place;
}

Result<Partition::Place> Partition::place_at(uint64_t partition_position) const {
  Lock lock(mutex_);
  const auto after = std::upper_bound(
      durable_.segments.begin(), durable_.segments.end(), partition_position,
      [](uint64_t wanted, const Segment& segment) { return wanted < segment.header.start_position; });
  if (after == durable_.segments.begin())
    return fail(Code::not_found,
                fmt::format("{} has no batch at {} any more", folder_.string(), partition_position));
  const Segment& segment = *std::prev(after);
  Place place{Segment(segment.path, segment.header), partition_position - segment.header.start_position};
  place.segment.size = segment.size;
  place.segment.end_offset = segment.end_offset;
  return place;
}

Status Partition::read_place(const Place& place, model::Offset from, model::Offset end, size_t bytes_max,
                             std::vector<BatchPtr>& batches, size_t& bytes) const {
  const Segment& segment = place.segment;
  const auto file = TRY(files_.open(segment.path, io::FileSystem::Open::read));
  SegmentReader reader(*file, segment, place.position, segment.size,
                       std::clamp(bytes_max, read_window_bytes_min, read_window_bytes_max));
  while (true) {
    auto frame = reader.next();
    if (!frame) return fail_reading(std::move(frame).error(), segment);
    if (!*frame || (*frame)->header.base_offset >= end) return {};
    const BatchHeader& header = (*frame)->header;
    if (header.count == 0 || header.end_offset() <= from) continue;
    Batch batch = TRY(read_body(reader, **frame, segment));
    bytes += batch.payload->size();
    batches.push_back(std::make_shared<const Batch>(std::move(batch)));
    if (bytes >= bytes_max) return {};
  }
}

Result<Batch> Partition::read_batch_at(uint64_t partition_position) const {
  const Place place = TRY(place_at(partition_position));
  const auto file = TRY(files_.open(place.segment.path, io::FileSystem::Open::read));
  SegmentReader reader(*file, place.segment, place.position, place.segment.size, read_window_bytes_min);
  auto frame = reader.next();
  if (!frame) return fail_reading(std::move(frame).error(), place.segment);
  ANABRANCH_ASSERT(frame->has_value());
  return read_body(reader, **frame, place.segment);
}

Result<std::vector<BatchPtr>> Partition::bulk_batches(model::Offset from, model::Offset end) const {
  std::vector<BulkAt> wanted;
  {
    Lock lock(mutex_);
    if (from < std::min(end, durable_.front.offset)) {
      lock.unlock();
      return fail_removed(from);
    }
    const auto& all = durable_.bulks;
    const auto first =
        std::upper_bound(all.begin(), all.end(), from,
                         [](model::Offset offset, const BulkAt& at) { return offset < at.end_offset; });
    // One that begins at or after `end` is behind the first that reaches it.
    for (auto next = first; next != all.end(); ++next) {
      wanted.push_back(*next);
      if (next->end_offset >= end) break;
    }
  }
  std::vector<BatchPtr> batches;
  for (const BulkAt& at : wanted) {
    auto read = read_batch_at(at.position);
    if (!read && read.error().code == Code::not_found && from < first_offset()) return fail_removed(from);
    Batch batch = TRY(std::move(read));
    if (batch.base_offset < end && batch.count > 0)
      batches.push_back(std::make_shared<const Batch>(std::move(batch)));
  }
  return batches;
}

}  // namespace anabranch::log
