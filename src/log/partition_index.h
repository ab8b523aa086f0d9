#pragma once
// What is known of the durable part of a partition, from the headers of its batches.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "log/front_file.h"
#include "log/reject_file.h"
#include "log/segment.h"

namespace anabranch::log {

/// A batch with rejects.
struct RejectsAt {
  uint64_t position = 0;  // within the partition: grows with time, stays for ever
  uint32_t count = 0;
};

/// A batch that names a bulk file.
struct BulkAt {
  uint64_t position = 0;  // within the partition
  model::Offset end_offset = 0;
};

/// A segment as a reader needs it, and where in it to begin.
struct SegmentPlace {
  Segment segment;  // without its index
  uint64_t position = 0;
};

/// A value, guarded by whoever holds it. Batches come in at the end and go from the front.
struct PartitionIndex {
  Front front;
  std::vector<Segment> segments;         // in the order of their offsets
  std::vector<RejectFile> reject_files;  // of segments before the front, in their order
  std::vector<RejectsAt> rejects;        // in the segments
  uint64_t reject_count = 0;             // of both
  std::vector<BulkAt> bulks;
  int64_t last_ingested_at_us = 0;

  /// Behind the last batch: where the next one will be.
  model::Offset end_offset() const { return segments.empty() ? front.offset : segments.back().end_offset; }
  uint64_t end_position() const { return segments.empty() ? front.position : segments.back().end_position(); }

  /// Takes in the batch that stands at the end of the last segment.
  void add(const BatchHeader& header);
  /// Whether a segment's header fits behind the last one. corrupt names the file and says what to do.
  Status check_next(const Segment& segment, model::Partition number) const;
  /// The log begins here now. Rejects of what goes are counted until set_reject_files() says which stayed.
  void remove_before(const Front& begins);
  void set_reject_files(std::vector<RejectFile> kept);

  /// Where to begin reading for an offset before end_offset(); nothing when it was removed.
  std::optional<SegmentPlace> place_of_offset(model::Offset offset) const;
  /// Where the batch stands that has this position; nothing when it was removed.
  std::optional<SegmentPlace> place_at(uint64_t position) const;
};

/// The header of a segment that exists. corrupt or refused, with the file's name.
Result<Segment> read_segment_header(const io::File& file, const io::Path& path, std::string_view hint);

/// corrupt unless the batch begins at the offset that is due at this byte of the segment.
Status check_base_offset(const Segment& segment, uint64_t position, const BatchHeader& header,
                         model::Offset due);

/// What to do about files that are missing in a partition's folder.
std::string gap_hint(const io::Path& folder);

}  // namespace anabranch::log
