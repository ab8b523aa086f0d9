#include "quality/log_records.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/crc32c.h"

namespace anabranch::quality {
namespace {

constexpr uint64_t segment_header_bytes = 40;
constexpr uint64_t batch_header_bytes = 56;

template <typename T>
T number_at(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

Result<std::vector<std::string>> segments(const io::Path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : TRY(io::local_file_system().list(folder))) {
    if (!entry.is_folder && entry.name.ends_with(".log")) names.push_back(entry.name);
  }
  std::sort(names.begin(), names.end());  // 20 digits
  return names;
}

model::Offset base_of(const std::string& name) {
  return static_cast<model::Offset>(std::stoll(name.substr(0, 20)));
}

std::unexpected<Error> damaged(const io::Path& file, uint64_t position, std::string_view what) {
  return fail(Code::corrupt, fmt::format("{}, byte {}: {}", file.string(), position, what));
}

class Segment {
 public:
  Segment(const io::Path& file, model::Offset end, std::function<Status(const LogRecords&)> on_batch)
      : path_(file), end_(end), on_batch_(std::move(on_batch)) {}

  Status read(model::Offset& next) {
    file_ = TRY(io::local_file_system().open(path_, io::FileSystem::Open::read));
    const std::string header = TRY(file_->read_at(0, segment_header_bytes));
    if (header.size() < segment_header_bytes) return {};  // just begun: nothing durable in it yet
    if (header.substr(0, 8) != std::string("\x89"
                                           "ANABLOG",
                                           8))
      return damaged(path_, 0, "no segment of a log");
    salt_ = number_at<uint32_t>(header, 32);
    uint64_t position = segment_header_bytes;
    while (next < end_) {
      const std::string batch = TRY(file_->read_at(position, batch_header_bytes));
      if (batch.size() < batch_header_bytes) return {};
      position += TRY(read_batch(batch, position, next));
    }
    return {};
  }

 private:
  Result<uint64_t> read_batch(const std::string& header, uint64_t position, model::Offset& next) {
    if (number_at<uint32_t>(header, 4) != crc32c(std::string_view(header).substr(8), salt_))
      return damaged(path_, position, "the header of a batch has a wrong checksum");
    const auto bytes = number_at<uint32_t>(header, 12);
    const uint64_t whole = batch_header_bytes + bytes;
    LogRecords batch;
    batch.base_offset = number_at<int64_t>(header, 16);
    batch.count = number_at<uint32_t>(header, 24);
    batch.schema_version = number_at<uint32_t>(header, 28);
    batch.ingested_at_us = number_at<int64_t>(header, 32);
    batch.encoding = static_cast<log::Encoding>(number_at<uint8_t>(header, 54));
    if (batch.base_offset != next)
      return damaged(path_, position,
                     fmt::format("offset {} comes where {} is due", batch.base_offset, next));
    if (batch.count == 0) return whole;  // rejects, or a mark
    const std::string body = TRY(file_->read_at(position + batch_header_bytes, bytes));
    if (body.size() != bytes || crc32c(body) != number_at<uint32_t>(header, 8))
      return damaged(path_, position, "the body of a batch has a wrong checksum");
    const auto extension = number_at<uint16_t>(header, 52);
    const auto payload_bytes = number_at<uint32_t>(header, 40);
    std::string_view payload = std::string_view(body).substr(extension, payload_bytes);
    while (!payload.empty()) {
      if (payload.size() < 4) return damaged(path_, position, "a record breaks off");
      const auto length = number_at<uint32_t>(payload, 0);
      if (payload.size() - 4 < length) return damaged(path_, position, "a record breaks off");
      batch.records.emplace_back(payload.substr(4, length));
      payload.remove_prefix(4 + size_t{length});
    }
    const size_t due = batch.encoding == log::Encoding::bulk  ? 1
                       : batch.encoding == log::Encoding::csv ? size_t{batch.count} + 1
                                                              : batch.count;
    if (batch.records.size() != due)
      return damaged(path_, position, "the batch counts other records than it holds");
    TRY(on_batch_(batch));
    next = batch.end_offset();
    return whole;
  }

  const io::Path path_;
  const model::Offset end_;
  const std::function<Status(const LogRecords&)> on_batch_;
  std::unique_ptr<io::File> file_;
  uint32_t salt_ = 0;
};

}  // namespace

Result<model::Offset> first_kept_offset(const io::Path& folder) {
  const auto names = TRY(segments(folder));
  return names.empty() ? model::Offset{0} : base_of(names.front());
}

Status read_log(const io::Path& folder, model::Offset from, model::Offset end,
                const std::function<Status(const LogRecords&)>& on_batch) {
  if (from >= end) return {};
  const auto names = TRY(segments(folder));
  size_t first = 0;
  while (first + 1 < names.size() && base_of(names[first + 1]) <= from) ++first;
  model::Offset next = names.empty() ? 0 : base_of(names[first]);
  if (next > from) {
    return fail(Code::corrupt, fmt::format("the log in {} begins at offset {} although {} is asked for",
                                           folder.string(), next, from));
  }
  const auto wanted = [&](const LogRecords& batch) -> Status {
    return batch.end_offset() > from ? on_batch(batch) : Status{};
  };
  for (size_t i = first; i < names.size() && next < end; ++i)
    TRY(Segment(folder / names[i], end, wanted).read(next));
  if (next >= end) return {};
  return fail(Code::corrupt, fmt::format("the log in {} ends at offset {} although {} were durable",
                                         folder.string(), next, end));
}

}  // namespace anabranch::quality
