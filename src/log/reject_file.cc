#include "log/reject_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "io/random.h"
#include "log/segment.h"

namespace anabranch::log {
namespace {

constexpr std::string_view magic =
    "\x89"
    "ANABREJ";
constexpr uint32_t format_version = 1;
constexpr size_t head_bytes = 12;
constexpr size_t entry_bytes = 48;
constexpr size_t foot_bytes = 72;
constexpr std::string_view name_ending = ".rejects";
constexpr std::string_view unfinished_ending = ".tmp";
constexpr size_t buffer_bytes = 1 << 20;

std::string hint_for(const io::Path& path) {
  return fmt::format(
      "restore this file from a backup of the log folder; without one, moving {} elsewhere gives up the "
      "records that it keeps in quarantine, and no event",
      path.string());
}

}  // namespace

std::string reject_file_name(model::Offset base_offset) {
  return fmt::format("{:020}{}", base_offset, name_ending);
}

std::optional<model::Offset> parse_reject_file_name(std::string_view name) {
  if (!name.ends_with(name_ending)) return std::nullopt;
  return parse_segment_name(std::string(name.substr(0, name.size() - name_ending.size())) + ".log");
}

bool is_unfinished_reject_file(std::string_view name) {
  const size_t at = name.find(name_ending);
  return at != name.npos && name.ends_with(unfinished_ending) &&
         parse_reject_file_name(name.substr(0, at + name_ending.size())).has_value();
}

// ---- writing ----

Result<RejectFileWriter> RejectFileWriter::create(io::FileSystem& files, const io::Path& folder,
                                                  model::Partition partition, model::Offset base_offset) {
  // A new name each time: after a failed sync the next one says nothing of the same file.
  io::Path temporary = folder / fmt::format("{}.{:016x}{}", reject_file_name(base_offset), io::random_u64(),
                                            unfinished_ending);
  auto file = TRY(files.open(temporary, io::FileSystem::Open::create_new));
  RejectFileWriter writer(files, std::move(temporary), std::move(file), partition);
  writer.written_.path = folder / reject_file_name(base_offset);
  writer.written_.base_offset = base_offset;
  writer.buffer_ = magic;
  put(writer.buffer_, format_version);
  return writer;
}

RejectFileWriter::~RejectFileWriter() {
  if (file_) (void)files_->remove(temporary_);
}

Status RejectFileWriter::flush() {
  TRY(file_->append(buffer_));
  flushed_ += buffer_.size();
  buffer_.clear();
  return {};
}

Status RejectFileWriter::add(RejectedBatch batch, std::string_view encoded) {
  ANABRANCH_ASSERT(written_.batches == 0 || batch.position > written_.last_position);
  batch.body_at = flushed_ + buffer_.size();
  batch.body_bytes = static_cast<uint32_t>(encoded.size());
  batch.body_crc = crc32c(encoded);
  std::string entry;
  put(entry, batch.position);
  put(entry, batch.at_offset);
  put(entry, batch.received_at_us);
  put(entry, batch.body_at);
  put(entry, batch.body_bytes);
  put(entry, batch.rejects);
  put(entry, batch.body_crc);
  put(entry, crc32c(entry));
  entries_ += entry;
  if (written_.batches == 0) {
    written_.first_position = batch.position;
    written_.first_received_at_us = batch.received_at_us;
  }
  written_.last_position = batch.position;
  written_.last_received_at_us = batch.received_at_us;
  ++written_.batches;
  written_.rejects += batch.rejects;
  buffer_ += encoded;
  return buffer_.size() < buffer_bytes ? Status{} : flush();
}

Result<RejectFile> RejectFileWriter::finish() {
  written_.entries_at = flushed_ + buffer_.size();
  buffer_ += entries_;
  std::string foot;
  put(foot, partition_);
  put(foot, written_.base_offset);
  put(foot, written_.entries_at);
  put(foot, written_.batches);
  put(foot, written_.rejects);
  put(foot, written_.first_position);
  put(foot, written_.last_position);
  put(foot, written_.first_received_at_us);
  put(foot, written_.last_received_at_us);
  put(foot, crc32c(foot));
  ANABRANCH_ASSERT(foot.size() == foot_bytes);
  buffer_ += foot;
  TRY(flush());
  written_.bytes = flushed_;
  TRY(file_->sync());
  TRY(files_->rename(temporary_, written_.path));
  file_.reset();
  TRY(files_->sync_folder(written_.path.parent_path()));
  return written_;
}

// ---- reading ----

Result<RejectFileReader> RejectFileReader::open(io::FileSystem& files, const io::Path& path,
                                                model::Partition partition) {
  auto file = TRY(files.open(path, io::FileSystem::Open::read));
  RejectFile known;
  known.path = path;
  known.bytes = TRY(file->size());
  RejectFileReader reader(std::move(file), std::move(known));
  const std::string head = TRY(reader.file_->read_at(0, head_bytes));
  ByteReader head_reader(head);
  if (head_reader.get_bytes(magic.size()) != magic)
    return reader.broken(0, "it holds no rejects (wrong magic)");
  if (const auto version = head_reader.get<uint32_t>(); version != format_version && head_reader.ok()) {
    return fail(Code::refused,
                fmt::format("{}: format version {} is unknown; this program reads version {}", path.string(),
                            version, format_version),
                "start the version that wrote it, or a newer one");
  }
  RejectFile& found = reader.known_;
  if (found.bytes < head_bytes + foot_bytes) return reader.broken(found.bytes, "it breaks off");
  const uint64_t foot_at = found.bytes - foot_bytes;
  const std::string foot = TRY(reader.file_->read_at(foot_at, foot_bytes));
  ByteReader foot_reader(foot);
  const auto of_partition = foot_reader.get<model::Partition>();
  found.base_offset = foot_reader.get<model::Offset>();
  found.entries_at = foot_reader.get<uint64_t>();
  found.batches = foot_reader.get<uint64_t>();
  found.rejects = foot_reader.get<uint64_t>();
  found.first_position = foot_reader.get<uint64_t>();
  found.last_position = foot_reader.get<uint64_t>();
  found.first_received_at_us = foot_reader.get<int64_t>();
  found.last_received_at_us = foot_reader.get<int64_t>();
  const auto sum = foot_reader.get<uint32_t>();
  if (!foot_reader.ok() || sum != crc32c(std::string_view(foot).substr(0, foot_bytes - sizeof(uint32_t))))
    return reader.broken(foot_at, "its end has a wrong checksum");
  if (found.entries_at > foot_at || found.batches != (foot_at - found.entries_at) / entry_bytes ||
      (foot_at - found.entries_at) % entry_bytes != 0 || of_partition != partition ||
      parse_reject_file_name(path.filename().string()) != found.base_offset)
    return reader.broken(foot_at, "its end is another file's");
  return reader;
}

std::unexpected<Error> RejectFileReader::broken(uint64_t at, std::string_view what) const {
  return fail(damaged(known_.path, at, what, hint_for(known_.path)));
}

Result<RejectedBatch> RejectFileReader::batch(uint64_t number) const {
  const uint64_t at = known_.entries_at + number * entry_bytes;
  const std::string bytes = TRY(file_->read_at(at, entry_bytes));
  ByteReader reader(bytes);
  RejectedBatch batch;
  batch.position = reader.get<uint64_t>();
  batch.at_offset = reader.get<model::Offset>();
  batch.received_at_us = reader.get<int64_t>();
  batch.body_at = reader.get<uint64_t>();
  batch.body_bytes = reader.get<uint32_t>();
  batch.rejects = reader.get<uint32_t>();
  batch.body_crc = reader.get<uint32_t>();
  const auto sum = reader.get<uint32_t>();
  if (!reader.ok() || sum != crc32c(std::string_view(bytes).substr(0, entry_bytes - sizeof(uint32_t))))
    return broken(at, "the entry of a batch has a wrong checksum");
  return batch;
}

Result<uint64_t> RejectFileReader::first_from(uint64_t position) const {
  uint64_t low = 0;
  uint64_t high = known_.batches;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (TRY(batch(middle)).position < position)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

Result<std::string> RejectFileReader::encoded(const RejectedBatch& batch) const {
  std::string body = TRY(file_->read_at(batch.body_at, batch.body_bytes));
  if (body.size() != batch.body_bytes || crc32c(body) != batch.body_crc)
    return broken(batch.body_at, "rejects of a batch have a wrong checksum");
  return body;
}

Result<std::vector<Reject>> RejectFileReader::rejects(const RejectedBatch& batch) const {
  const std::string body = TRY(encoded(batch));
  std::vector<Reject> rejects;
  ByteReader reader(body);
  for (uint32_t i = 0; i < batch.rejects && reader.ok(); ++i) {
    Reject reject;
    reject.reason = reader.get_bytes();
    reject.raw = reader.get_bytes();
    rejects.push_back(std::move(reject));
  }
  if (!reader.ok() || !reader.rest().empty())
    return broken(batch.body_at, "the rejects of a batch do not fill their place");
  return rejects;
}

}  // namespace anabranch::log
