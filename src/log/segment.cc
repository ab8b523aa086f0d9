#include "log/segment.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/crc32c.h"

namespace anabranch::log {
namespace {

static_assert(segment_magic.size() == 8);
static_assert(segment_header_bytes == 8 + 4 + 4 + 8 + 8 + 4 + 4);
constexpr size_t name_digits = 20;
constexpr std::string_view name_ending = ".log";

}  // namespace

std::string encode_segment_header(const SegmentHeader& header) {
  std::string bytes(segment_magic);
  put(bytes, segment_format_version);
  put(bytes, header.partition);
  put(bytes, header.base_offset);
  put(bytes, header.start_position);
  put(bytes, header.salt);
  put(bytes, crc32c(bytes));
  ANABRANCH_ASSERT(bytes.size() == segment_header_bytes);
  return bytes;
}

Result<SegmentHeader> parse_segment_header(std::string_view bytes) {
  if (bytes.size() < segment_header_bytes) return fail(Code::corrupt, "the segment header is cut off");
  ByteReader reader(bytes.substr(0, segment_header_bytes));
  if (reader.get_bytes(segment_magic.size()) != segment_magic) {
    return fail(Code::corrupt, "not a log segment (wrong magic)");
  }
  const auto version = reader.get<uint32_t>();
  if (version == 0) return fail(Code::corrupt, "the segment header is cut off");
  // Before the checksum: a later version may keep it elsewhere.
  if (version != segment_format_version) {
    return fail(Code::refused,
                fmt::format("format version {} is unknown; this program reads version {}", version,
                            segment_format_version),
                "start the version that wrote it, or a newer one");
  }
  SegmentHeader header;
  header.partition = reader.get<model::Partition>();
  header.base_offset = reader.get<model::Offset>();
  header.start_position = reader.get<uint64_t>();
  header.salt = reader.get<uint32_t>();
  if (reader.get<uint32_t>() != crc32c(bytes.substr(0, segment_header_bytes - sizeof(uint32_t)))) {
    return fail(Code::corrupt, "the checksum of the segment header is wrong");
  }
  return header;
}

std::string segment_name(model::Offset base_offset) {
  return fmt::format("{:020}{}", base_offset, name_ending);
}

std::optional<model::Offset> parse_segment_name(std::string_view name) {
  if (name.size() != name_digits + name_ending.size() || !name.ends_with(name_ending)) return std::nullopt;
  uint64_t offset = 0;
  for (const char digit : name.substr(0, name_digits)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    if (offset > (uint64_t{INT64_MAX} - 9) / 10) return std::nullopt;
    offset = offset * 10 + static_cast<uint64_t>(digit - '0');
  }
  return static_cast<model::Offset>(offset);
}

void Segment::add(const BatchHeader& batch) {
  ANABRANCH_ASSERT(batch.base_offset == end_offset);
  if (index.empty() || size - index.back().position >= index_step_bytes) index.push_back({end_offset, size});
  size += batch_header_bytes + batch.body_bytes;
  end_offset = batch.end_offset();
  last_ingested_at_us = std::max(last_ingested_at_us, batch.ingested_at_us);
}

uint64_t Segment::position_before(model::Offset offset) const {
  const auto after =
      std::upper_bound(index.begin(), index.end(), offset,
                       [](model::Offset wanted, const IndexEntry& entry) { return wanted < entry.offset; });
  return after == index.begin() ? segment_header_bytes : std::prev(after)->position;
}

Error damaged(const io::Path& path, uint64_t position, std::string_view what, std::string hint) {
  return {Code::corrupt, fmt::format("{} is damaged at byte {}: {}", path.string(), position, what),
          std::move(hint), std::nullopt};
}

Result<std::unique_ptr<io::File>> create_segment(io::FileSystem& files, const Segment& segment) {
  auto file = TRY(files.open(segment.path, io::FileSystem::Open::append));
  // What may be there is a header at most: batches come only after it is synced.
  if (TRY(file->size()) > 0) TRY(file->truncate(0));
  TRY(file->append(encode_segment_header(segment.header)));
  TRY(file->sync());
  TRY(files.sync_folder(segment.path.parent_path()));
  return file;
}

SegmentReader::SegmentReader(const io::File& file, const Segment& segment, uint64_t position, uint64_t end,
                             size_t window_bytes)
    : file_(file),
      path_(segment.path),
      salt_(segment.header.salt),
      position_(position),
      end_(end),
      window_bytes_(window_bytes) {}

Result<std::optional<SegmentReader::Frame>> SegmentReader::next() {
  if (position_ == end_) return std::nullopt;
  const auto bytes = TRY(view(position_, std::min<uint64_t>(end_ - position_, batch_header_bytes)));
  auto header = parse_batch_header(bytes, salt_);
  if (!header) {
    Error error = damaged(path_, position_, header.error().message, header.error().hint);
    error.code = header.error().code;
    return fail(std::move(error));
  }
  Frame frame{position_, *header};
  if (frame.end() > end_) {
    return fail(damaged(path_, position_,
                        fmt::format("the file ends inside a batch of {} bytes", frame.end() - position_),
                        {}));
  }
  position_ = frame.end();
  return frame;
}

Result<std::string_view> SegmentReader::body(const Frame& frame) {
  return view(frame.position + batch_header_bytes, frame.header.body_bytes);
}

Result<std::string_view> SegmentReader::extension(const Frame& frame) {
  return view(frame.position + batch_header_bytes, frame.header.extension_bytes);
}

Result<std::string_view> SegmentReader::view(uint64_t position, size_t size) {
  if (position < window_at_ || position + size > window_at_ + window_.size()) {
    const uint64_t wanted = std::min<uint64_t>(std::max(size, window_bytes_), end_ - position);
    window_ = TRY(file_.read_at(position, wanted));
    window_at_ = position;
    if (window_.size() < size) {
      return fail(damaged(path_, position + window_.size(), "the file is shorter than it was", {}));
    }
  }
  return std::string_view(window_).substr(position - window_at_, size);
}

}  // namespace anabranch::log
