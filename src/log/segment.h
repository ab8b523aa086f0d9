#pragma once
// A segment: one file of a partition, its header and what is known of its batches. See FORMAT.md.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "log/batch_codec.h"

namespace anabranch::log {

inline constexpr std::string_view segment_magic =
    "\x89"
    "ANABLOG";
inline constexpr uint32_t segment_format_version = 1;
inline constexpr size_t segment_header_bytes = 40;

struct SegmentHeader {
  model::Partition partition = 0;
  model::Offset base_offset = 0;
  uint64_t start_position = 0;  // bytes of the partition's files before this one
  uint32_t salt = 0;            // goes into the checksum of every batch header of this file
  bool operator==(const SegmentHeader&) const = default;
};

std::string encode_segment_header(const SegmentHeader& header);
/// corrupt, or refused when a later version wrote it.
Result<SegmentHeader> parse_segment_header(std::string_view bytes);

/// "00000000000000000042.log"
std::string segment_name(model::Offset base_offset);
/// The base offset of such a name; nothing when it is no segment's.
std::optional<model::Offset> parse_segment_name(std::string_view name);

/// What is known of a segment: a value, guarded by whoever holds it.
struct Segment {
  struct IndexEntry {
    model::Offset offset;  // of the first event at or after the position
    uint64_t position;
  };

  io::Path path;
  SegmentHeader header;
  uint64_t size = segment_header_bytes;  // durable bytes
  model::Offset end_offset = 0;
  int64_t last_ingested_at_us = 0;
  std::vector<IndexEntry> index;  // sparse: an entry every index_step_bytes or a bit more

  static constexpr uint64_t index_step_bytes = 64 << 10;

  Segment(io::Path where, const SegmentHeader& begins)
      : path(std::move(where)), header(begins), end_offset(begins.base_offset) {}

  /// The next batch stands at `size`.
  void add(const BatchHeader& batch);
  /// Where to begin reading for an offset in [base_offset, end_offset).
  uint64_t position_before(model::Offset offset) const;
  /// Of the partition, behind this segment.
  uint64_t end_position() const { return header.start_position + size; }
};

/// An error of Code::corrupt that names the file and the byte.
Error damaged(const io::Path& path, uint64_t position, std::string_view what, std::string hint);

/// Makes an empty segment that survives a crash: file, header and name are synced. Replaces what a failed
/// attempt left.
Result<std::unique_ptr<io::File>> create_segment(io::FileSystem& files, const Segment& segment);

/// Walks the batches of one segment. One thread.
/// After an error the reader stays in front of the batch that caused it.
class SegmentReader {
 public:
  /// A batch whose header was read.
  struct Frame {
    uint64_t position = 0;
    BatchHeader header;
    uint64_t end() const { return position + batch_header_bytes + header.body_bytes; }
  };

  /// Reads [position, end) of the file; position is the beginning of a batch.
  SegmentReader(const io::File& file, const Segment& segment, uint64_t position, uint64_t end,
                size_t window_bytes);

  /// The header of the next batch; nothing at the end.
  Result<std::optional<Frame>> next();
  /// The body of the batch that next() gave last, checksum not yet checked; valid until the next call.
  Result<std::string_view> body(const Frame& frame);
  /// The same of the extension at the body's front.
  Result<std::string_view> extension(const Frame& frame);

 private:
  Result<std::string_view> view(uint64_t position, size_t size);

  const io::File& file_;
  const io::Path path_;
  const uint32_t salt_;
  uint64_t position_;
  const uint64_t end_;
  const size_t window_bytes_;
  std::string window_;
  uint64_t window_at_ = 0;
};

}  // namespace anabranch::log
