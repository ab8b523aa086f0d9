#include "log/followed_partition.h"

#include <algorithm>

#include <fmt/format.h>

namespace anabranch::log {
namespace {

constexpr size_t header_window_bytes = 16 << 10;
constexpr size_t body_window_bytes_max = 1 << 20;
// Of one look at a segment: what is read is shown to readers before the next.
constexpr size_t headers_max = 4096;

constexpr std::string_view other_log_hint =
    "the files were changed or replaced while they were read: start again, or restore the log folder from a "
    "backup";

}  // namespace

FollowedPartition::FollowedPartition(io::FileSystem& files, io::Path folder, model::Partition number,
                                     size_t tail_cache_bytes)
    : ReadablePartition(files, std::move(folder), number, tail_cache_bytes, {}),
      cache_bytes_max_(tail_cache_bytes) {}

Status FollowedPartition::advance(const PartitionExtent& told, bool is_new_writer) {
  Lock changing(changing_);
  // The front comes first: the files before it may be gone.
  const bool has_removed = is_new_writer || told.removals > removals_told_;
  if (has_removed || told.first_offset > first_offset()) {
    Front front;
    front.offset = told.first_offset;
    front.position = told.first_position;
    auto noticed = begin_at(front);
    TRY(grow(told, is_new_writer));
    TRY(noticed);
    removals_told_ = told.removals;
    return {};
  }
  return grow(told, is_new_writer);
}

Status FollowedPartition::notice_removals() {
  Lock changing(changing_);
  return notice_front();
}

Status FollowedPartition::notice_front() { return begin_at(TRY(read_front(files_, folder_, number_))); }

// A front that is older than the one that is known changes nothing; what became of rejects is looked up anew.
// Where that fails, the front has moved all the same.
Status FollowedPartition::begin_at(const Front& front) {
  const bool has_moved = front.offset > first_offset();
  auto kept = reject_files_before(has_moved ? front.offset : first_offset());
  Lock lock(mutex_);
  const bool has_changed = has_moved || (kept && *kept != durable_.reject_files);
  if (has_moved) durable_.remove_before(front);
  durable_.set_reject_files(kept ? *kept : std::move(durable_.reject_files));
  if (has_changed) ++removals_;
  return kept ? Status{} : fail(kept.error());
}

Result<std::vector<RejectFile>> FollowedPartition::reject_files_before(model::Offset front) const {
  std::vector<RejectFile> kept;
  if (front == 0) return kept;
  std::vector<RejectFile> known;
  {
    Lock lock(mutex_);
    known = durable_.reject_files;
  }
  for (const io::FolderEntry& entry : TRY(files_.list(folder_))) {
    const auto base_offset = parse_reject_file_name(entry.name);
    if (!base_offset || *base_offset >= front) continue;  // a segment of the log has its rejects itself
    const auto same = std::find_if(known.begin(), known.end(), [&](const RejectFile& file) {
      return file.base_offset == *base_offset && file.bytes == entry.size;
    });
    if (same != known.end()) {
      kept.push_back(*same);
      continue;
    }
    const auto reader = RejectFileReader::open(files_, folder_ / entry.name, number_);
    if (!reader && reader.error().code == Code::not_found) continue;  // given up meanwhile
    if (!reader) return fail(reader.error());
    kept.push_back(reader->file());
  }
  return kept;
}

Status FollowedPartition::grow(const PartitionExtent& told, bool is_new_writer) {
  while (true) {
    const PartitionExtent known = extent();
    if (known.end_position == told.end_position && known.end_offset == told.end_offset) return {};
    if (known.end_position > told.end_position && !is_new_writer) return {};
    if (known.end_position >= told.end_position || known.end_offset > told.end_offset) {
      return fail(
          Code::corrupt,
          fmt::format("{} was read up to offset {}, byte {} of the partition, but its writer says that it "
                      "ends at offset {}, byte {}",
                      folder_.string(), known.end_offset, known.end_position, told.end_offset,
                      told.end_position),
          std::string(other_log_hint));
    }
    Status read = read_on(told.end_position);
    if (read) continue;
    if (read.error().code != Code::not_found) return read;
    // Removed before it was read, or missing.
    const Status noticed = notice_front();
    if (extent().first_offset > known.first_offset) continue;
    TRY(noticed);
    read.error().code = Code::corrupt;
    read.error().hint = gap_hint(folder_);
    return read;
  }
}

// The next batches of the last segment, or the next segment. Nothing at or behind end_position is looked at.
Status FollowedPartition::read_on(uint64_t end_position) {
  std::optional<SegmentPlace> last;
  {
    Lock lock(mutex_);
    if (!durable_.segments.empty()) last = durable_.place_at(durable_.end_position());
  }
  if (!last) return begin_next_segment();
  const Segment& segment = last->segment;
  const auto file = TRY(files_.open(segment.path, io::FileSystem::Open::read));
  const uint64_t file_bytes = TRY(file->size());
  // A segment that does not reach to the end is complete: another one was begun behind it.
  const uint64_t end = std::min(file_bytes, end_position - segment.header.start_position);
  if (end < segment.size)
    return fail(damaged(segment.path, end, "the file is shorter than it was", std::string(other_log_hint)));
  if (end == segment.size) return begin_next_segment();

  // Only the newest are worth a place in memory, and only they are soon read.
  const bool with_bodies = end_position - segment.end_position() <= cache_bytes_max_;
  SegmentReader reader(
      *file, segment, segment.size, end,
      with_bodies ? std::min<size_t>(end - segment.size, body_window_bytes_max) : header_window_bytes);
  std::vector<std::pair<BatchHeader, BatchPtr>> batches;
  model::Offset due = segment.end_offset;
  while (batches.size() < headers_max) {
    auto frame = reader.next();
    if (!frame && frame.error().code == Code::corrupt) frame.error().hint = other_log_hint;
    if (!frame) return fail(std::move(frame).error());
    if (!*frame) break;
    const BatchHeader& header = (*frame)->header;
    TRY(check_base_offset(segment, (*frame)->position, header, due));
    BatchPtr batch;
    if (with_bodies && header.count > 0) {
      // One that is damaged is left to its readers: they are told, and the others are read.
      auto parsed = parse_batch(number_, header, TRY(reader.body(**frame)));
      if (parsed) batch = std::make_shared<const Batch>(std::move(*parsed));
    }
    due = header.end_offset();
    batches.emplace_back(header, std::move(batch));
  }
  Lock lock(mutex_);
  for (auto& [header, batch] : batches) {
    durable_.add(header);
    if (batch)
      cache_.push(std::move(batch));
    else if (header.count > 0)
      cache_.restart(header.end_offset());
  }
  return {};
}

Status FollowedPartition::begin_next_segment() {
  const io::Path path = folder_ / segment_name(next_offset());
  const auto file = TRY(files_.open(path, io::FileSystem::Open::read));
  Segment segment = TRY(read_segment_header(*file, path, other_log_hint));
  Lock lock(mutex_);
  TRY(durable_.check_next(segment, number_));
  durable_.segments.push_back(std::move(segment));
  return {};
}

}  // namespace anabranch::log
