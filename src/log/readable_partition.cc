#include "log/readable_partition.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.h"

namespace anabranch::log {
namespace {

constexpr size_t read_window_bytes_min = 64 << 10;
constexpr size_t read_window_bytes_max = 1 << 20;

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

ReadablePartition::ReadablePartition(io::FileSystem& files, io::Path folder, model::Partition number,
                                     size_t tail_cache_bytes, PartitionIndex found)
    : files_(files),
      folder_(std::move(folder)),
      number_(number),
      durable_(std::move(found)),
      cache_(tail_cache_bytes, durable_.end_offset()) {}

model::Offset ReadablePartition::next_offset() const {
  Lock lock(mutex_);
  return durable_.end_offset();
}

PartitionExtent ReadablePartition::extent() const {
  Lock lock(mutex_);
  return {durable_.front.offset, durable_.front.position, durable_.end_offset(), durable_.end_position(),
          removals_};
}

uint64_t ReadablePartition::quarantined_count() const {
  Lock lock(mutex_);
  return durable_.reject_count;
}

model::Offset ReadablePartition::first_offset() const {
  Lock lock(mutex_);
  return durable_.front.offset;
}

uint64_t ReadablePartition::bytes_on_disk() const {
  Lock lock(mutex_);
  uint64_t bytes = durable_.end_position() - durable_.front.position;
  for (const RejectFile& file : durable_.reject_files) bytes += file.bytes;
  return bytes;
}

Result<std::vector<BatchPtr>> ReadablePartition::read(model::Offset from, model::Offset end,
                                                      size_t bytes_max) {
  std::vector<BatchPtr> batches;
  {
    Lock lock(mutex_);
    end = std::min(end, durable_.end_offset());
    if (from >= end) return batches;
    if (from >= durable_.front.offset && cache_.covers(from)) return cache_.read(from, end, bytes_max);
  }
  size_t bytes = 0;
  while (from < end && (batches.empty() || bytes < bytes_max)) {
    const SegmentPlace place = TRY(place_of_offset(from));
    if (Status read = read_place(place, from, end, bytes_max, batches, bytes); !read) {
      if (read.error().code == Code::not_found) on_missing_file();
      if (read.error().code == Code::not_found && from < first_offset()) return fail_removed(from);
      return fail(std::move(read).error());
    }
    from = place.segment.end_offset;
  }
  return batches;
}

std::unexpected<Error> ReadablePartition::fail_removed(model::Offset offset) const {
  return fail(Code::not_found,
              fmt::format("the event at offset {} is no longer in the log {}, which begins at offset {}",
                          offset, folder_.string(), first_offset()),
              "it is in the archive");
}

Result<SegmentPlace> ReadablePartition::place_of_offset(model::Offset offset) const {
  {
    Lock lock(mutex_);
    if (auto place = durable_.place_of_offset(offset)) return *std::move(place);
  }
  return fail_removed(offset);
}

Status ReadablePartition::read_place(const SegmentPlace& place, model::Offset from, model::Offset end,
                                     size_t bytes_max, std::vector<BatchPtr>& batches, size_t& bytes) const {
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

Result<Batch> ReadablePartition::read_batch_at(uint64_t partition_position) const {
  std::optional<SegmentPlace> found;
  {
    Lock lock(mutex_);
    found = durable_.place_at(partition_position);
  }
  if (!found)
    return fail(Code::not_found,
                fmt::format("{} has no batch at {} any more", folder_.string(), partition_position));
  const SegmentPlace& place = *found;
  const auto file = TRY(files_.open(place.segment.path, io::FileSystem::Open::read));
  SegmentReader reader(*file, place.segment, place.position, place.segment.size, read_window_bytes_min);
  auto frame = reader.next();
  if (!frame) return fail_reading(std::move(frame).error(), place.segment);
  ANABRANCH_ASSERT(frame->has_value());
  return read_body(reader, **frame, place.segment);
}

Result<std::vector<BatchPtr>> ReadablePartition::bulk_batches(model::Offset from, model::Offset end) {
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
    if (!read && read.error().code == Code::not_found) on_missing_file();
    if (!read && read.error().code == Code::not_found && from < first_offset()) return fail_removed(from);
    Batch batch = TRY(std::move(read));
    if (batch.base_offset < end && batch.count > 0)
      batches.push_back(std::make_shared<const Batch>(std::move(batch)));
  }
  return batches;
}

// ---- rejects ----

Status ReadablePartition::quarantine(std::optional<std::pair<uint64_t, uint32_t>> after, size_t limit,
                                     std::vector<QuarantineEntry>& entries) {
  while (true) {
    std::vector<RejectFile> kept;
    std::vector<RejectsAt> wanted;
    uint64_t removals = 0;
    {
      Lock lock(mutex_);
      removals = removals_;
      for (const RejectFile& file : durable_.reject_files) {
        if (!after || file.last_position >= after->first) kept.push_back(file);
      }
      const auto& all = durable_.rejects;
      auto next = all.begin();
      if (after) {
        next =
            std::lower_bound(all.begin(), all.end(), after->first,
                             [](const RejectsAt& at, uint64_t position) { return at.position < position; });
      }
      for (size_t found = entries.size(); next != all.end() && found < limit; ++next) {
        const bool is_begun = after && next->position == after->first;
        const uint64_t skipped = is_begun ? std::min<uint64_t>(next->count, uint64_t{after->second} + 1) : 0;
        found += next->count - skipped;
        wanted.push_back(*next);
      }
    }
    Status added;
    for (const RejectFile& file : kept) {
      if (added && entries.size() < limit) added = add_kept(file, after, limit, entries);
    }
    for (const RejectsAt& at : wanted) {
      if (added && entries.size() < limit) added = add_rejects(at, after, limit, entries);
    }
    if (added || added.error().code != Code::not_found) return added;
    on_missing_file();
    {
      Lock lock(mutex_);
      if (removals == removals_) return added;
    }
    // They lie elsewhere now. What was found stays, and the search goes on behind it.
    if (!entries.empty() && entries.back().partition == number_)
      after = {entries.back().batch_position, entries.back().index};
  }
}

Status ReadablePartition::add_kept(const RejectFile& file, std::optional<std::pair<uint64_t, uint32_t>> after,
                                   size_t limit, std::vector<QuarantineEntry>& entries) const {
  const auto reader = TRY(RejectFileReader::open(files_, file.path, number_));
  const uint64_t batches = reader.file().batches;
  for (uint64_t i = after ? TRY(reader.first_from(after->first)) : 0; i < batches && entries.size() < limit;
       ++i) {
    const RejectedBatch batch = TRY(reader.batch(i));
    const bool is_begun = after && batch.position == after->first;
    auto rejects = TRY(reader.rejects(batch));
    for (uint32_t index = is_begun ? after->second + 1 : 0; index < rejects.size() && entries.size() < limit;
         ++index) {
      entries.push_back(
          {number_, batch.at_offset, batch.position, index, batch.received_at_us, std::move(rejects[index])});
    }
  }
  return {};
}

Status ReadablePartition::add_rejects(const RejectsAt& at, std::optional<std::pair<uint64_t, uint32_t>> after,
                                      size_t limit, std::vector<QuarantineEntry>& entries) const {
  Batch batch = TRY(read_batch_at(at.position));
  const bool is_begun = after && at.position == after->first;
  for (uint32_t i = is_begun ? after->second + 1 : 0; i < batch.rejects.size() && entries.size() < limit;
       ++i) {
    entries.push_back(
        {number_, batch.base_offset, at.position, i, batch.ingested_at_us, std::move(batch.rejects[i])});
  }
  return {};
}

}  // namespace anabranch::log
