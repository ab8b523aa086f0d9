#include "log/partition_index.h"

#include <algorithm>

#include <fmt/format.h>

namespace anabranch::log {
namespace {

SegmentPlace place_in(const Segment& segment, uint64_t position) {
  SegmentPlace place{Segment(segment.path, segment.header), position};
  place.segment.size = segment.size;
  place.segment.end_offset = segment.end_offset;
  return place;
}

}  // namespace

void PartitionIndex::add(const BatchHeader& header) {
  Segment& segment = segments.back();
  if (header.reject_count > 0) {
    rejects.push_back({segment.header.start_position + segment.size, header.reject_count});
    reject_count += header.reject_count;
  }
  if (header.encoding == Encoding::bulk && header.payload_bytes > 0)
    bulks.push_back({segment.header.start_position + segment.size, header.end_offset()});
  last_ingested_at_us = std::max(last_ingested_at_us, header.ingested_at_us);
  segment.add(header);
}

Status PartitionIndex::check_next(const Segment& segment, model::Partition number) const {
  const std::string file = segment.path.string();
  const io::Path folder = segment.path.parent_path();
  const SegmentHeader& header = segment.header;
  if (header.partition != number) {
    return fail(Code::corrupt,
                fmt::format("{} belongs to partition {}, not {}", file, header.partition, number),
                "move it back to the folder that it came from");
  }
  if (segment.path.filename() != segment_name(header.base_offset)) {
    return fail(Code::corrupt,
                fmt::format("{} says of itself that it begins at offset {}", file, header.base_offset),
                fmt::format("give it back its name, {}", segment_name(header.base_offset)));
  }
  const model::Offset due = end_offset();
  if (header.base_offset > due) {
    return fail(Code::corrupt,
                fmt::format("{} begins at offset {}, but the events from offset {} on are missing before it",
                            file, header.base_offset, due),
                gap_hint(folder));
  }
  if (header.base_offset < due) {
    return fail(Code::corrupt,
                fmt::format("{} begins at offset {}, but {} goes on to offset {}: they overlap", file,
                            header.base_offset, segments.back().path.string(), due),
                "one of them is from another time: keep both elsewhere and restore the folder from a backup");
  }
  const uint64_t position_due = end_position();
  if (header.start_position != position_due) {
    return fail(
        Code::corrupt,
        fmt::format("{} was begun after {} bytes of log, but {} are before it: an earlier file was changed",
                    file, header.start_position, position_due),
        gap_hint(folder));
  }
  return {};
}

void PartitionIndex::remove_before(const Front& begins) {
  front = begins;
  std::erase_if(segments, [&](const Segment& segment) { return segment.header.base_offset < begins.offset; });
  const auto is_gone = [&](const auto& at) { return at.position < begins.position; };
  std::erase_if(rejects, is_gone);
  std::erase_if(bulks, is_gone);
}

void PartitionIndex::set_reject_files(std::vector<RejectFile> kept) {
  reject_files = std::move(kept);
  reject_count = 0;
  for (const RejectFile& file : reject_files) reject_count += file.rejects;
  for (const RejectsAt& at : rejects) reject_count += at.count;
}

std::optional<SegmentPlace> PartitionIndex::place_of_offset(model::Offset offset) const {
  const auto after =
      std::upper_bound(segments.begin(), segments.end(), offset,
                       [](model::Offset wanted, const Segment& s) { return wanted < s.header.base_offset; });
  if (after == segments.begin()) return std::nullopt;
  return place_in(*std::prev(after), std::prev(after)->position_before(offset));
}

std::optional<SegmentPlace> PartitionIndex::place_at(uint64_t position) const {
  const auto after =
      std::upper_bound(segments.begin(), segments.end(), position,
                       [](uint64_t wanted, const Segment& s) { return wanted < s.header.start_position; });
  if (after == segments.begin()) return std::nullopt;
  const Segment& segment = *std::prev(after);
  return place_in(segment, position - segment.header.start_position);
}

Result<Segment> read_segment_header(const io::File& file, const io::Path& path, std::string_view hint) {
  auto header = parse_segment_header(TRY(file.read_at(0, segment_header_bytes)));
  if (header) return Segment(path, *header);
  return fail(header.error().code, damaged(path, 0, header.error().message, {}).message,
              header.error().hint.empty() ? std::string(hint) : header.error().hint);
}

Status check_base_offset(const Segment& segment, uint64_t position, const BatchHeader& header,
                         model::Offset due) {
  if (header.base_offset == due) return {};
  return fail(damaged(segment.path, position,
                      fmt::format("a batch with base offset {} where {} is due", header.base_offset, due),
                      {}));
}

std::string gap_hint(const io::Path& folder) {
  return fmt::format("restore the missing files of {} from a backup of the log folder; nothing was changed",
                     folder.string());
}

}  // namespace anabranch::log
