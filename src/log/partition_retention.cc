// What a partition lets go of, and the rejects that stay.
#include <algorithm>

#include <fmt/format.h>

#include "log/bulk_record.h"
#include "log/partition.h"
#include "log/producer_file.h"

namespace anabranch::log {
namespace {

constexpr size_t walk_window_bytes = 1 << 20;

// Of a segment that is no part of the log any more: as far as it makes sense.
std::vector<std::string> bulk_files_in(io::FileSystem& files, const io::Path& path) {
  std::vector<std::string> names;
  const auto file = files.open(path, io::FileSystem::Open::read);
  if (!file) return names;
  const auto head = (*file)->read_at(0, segment_header_bytes);
  const auto header = head ? parse_segment_header(*head) : fail(head.error());
  const auto size = (*file)->size();
  if (!header || !size) return names;
  const Segment segment(path, *header);
  SegmentReader reader(**file, segment, segment_header_bytes, *size, walk_window_bytes);
  while (true) {
    const auto frame = reader.next();
    if (!frame || !*frame) return names;
    if ((*frame)->header.encoding != Encoding::bulk) continue;
    const auto body = reader.body(**frame);
    if (!body) return names;
    const auto batch = parse_batch(header->partition, (*frame)->header, *body);
    const auto name = batch ? bulk_file_name(*batch->payload) : fail(batch.error());
    if (name) names.push_back(*name);
  }
}

Result<uint64_t> size_of(io::FileSystem& files, const io::Path& path) {
  return TRY(files.open(path, io::FileSystem::Open::read))->size();
}

// A file that may be gone already.
Status remove_if_there(io::FileSystem& files, const io::Path& path, uint64_t& bytes) {
  if (!TRY(files.exists(path))) return {};
  const uint64_t size = TRY(size_of(files, path));
  TRY(files.remove(path));
  bytes += size;
  return {};
}

}  // namespace

// ---- segments ----

Partition::Going Partition::going(model::Offset end, int64_t last_ingested_before_us) const {
  Going going;
  Lock lock(mutex_);
  going.front = durable_.front;
  for (size_t i = 0; i + 1 < durable_.segments.size(); ++i) {
    const Segment& segment = durable_.segments[i];
    if (segment.end_offset > end || segment.last_ingested_at_us >= last_ingested_before_us) break;
    Segment copy(segment.path, segment.header);
    copy.size = segment.size;
    copy.end_offset = segment.end_offset;
    going.segments.push_back(std::move(copy));
    going.front.offset = segment.end_offset;
    going.front.position = segment.end_position();
    going.front.last_ingested_at_us = std::max(going.front.last_ingested_at_us, segment.last_ingested_at_us);
  }
  for (const RejectsAt& at : durable_.rejects) {
    if (at.position >= going.front.position) break;
    going.rejects.push_back(at);
  }
  for (const BulkAt& at : durable_.bulks) {
    if (at.position >= going.front.position) break;
    going.bulks.push_back(at);
  }
  going.needs_table =
      !producers_.table.is_empty() && (!producers_.first_in || *producers_.first_in < going.front.offset);
  return going;
}

Result<Removed> Partition::remove_before(model::Offset end, int64_t last_ingested_before_us) {
  Lock removing(removing_);
  Removed removed;
  TRY(remove_leftovers(removed));
  Going going = this->going(end, last_ingested_before_us);
  if (going.segments.empty()) return removed;

  // What is needed of them is kept first. It counts from the moment that `front` says so.
  going.front.producers_from.reset();
  if (going.needs_table) {
    const auto table = TRY(read_producers(files_, folder_, options_.producers, going.front.offset));
    if (!table) {
      return fail(
          Code::unavailable,
          fmt::format("segments of {} before offset {} stay: they alone tell what producers have sent",
                      folder_.string(), going.front.offset),
          "the table of producers could not be written; it is tried again with the next segment");
    }
    going.front.producers_from = table->base_offset;
  }
  std::vector<RejectFile> kept;
  for (const Segment& segment : going.segments) {
    std::vector<RejectsAt> rejects;
    for (const RejectsAt& at : going.rejects) {
      if (at.position >= segment.header.start_position && at.position < segment.end_position())
        rejects.push_back(at);
    }
    if (!rejects.empty()) kept.push_back(TRY(keep_rejects(segment, rejects)));
  }
  std::set<std::string> bulk_files = TRY(bulk_files_of(going.bulks));
  TRY(write_front(files_, folder_, number_, going.front));

  for (const Segment& segment : going.segments)
    leftovers_.push_back({segment.path, std::vector<std::string>{}});
  leftovers_.front().bulk_files->assign(bulk_files.begin(), bulk_files.end());
  {
    Lock lock(mutex_);
    durable_.remove_before(going.front);
    durable_.reject_files.insert(durable_.reject_files.end(), kept.begin(), kept.end());
    ++removals_;
  }
  TRY(remove_leftovers(removed));
  return removed;
}

// Bulk files go first: the segments know their names.
Status Partition::remove_leftovers(Removed& removed) {
  if (leftovers_.empty()) return {};
  std::set<std::string> bulk_files;
  for (Leftover& leftover : leftovers_) {
    if (!leftover.bulk_files) leftover.bulk_files = bulk_files_in(files_, leftover.path);
    bulk_files.insert(leftover.bulk_files->begin(), leftover.bulk_files->end());
  }
  if (!bulk_files.empty()) {
    const io::Path folder = folder_ / "bulk";
    const std::set<std::string> kept = TRY(kept_bulk_files());
    for (const std::string& name : bulk_files) {
      if (!kept.contains(name)) TRY(remove_if_there(files_, folder / name, removed.bytes));
    }
    if (TRY(files_.exists(folder))) TRY(files_.sync_folder(folder));
  }
  while (!leftovers_.empty()) {
    TRY(remove_if_there(files_, leftovers_.front().path, removed.bytes));
    ++removed.segments;
    leftovers_.pop_front();
  }
  return files_.sync_folder(folder_);
}

Result<std::set<std::string>> Partition::bulk_files_of(const std::vector<BulkAt>& bulks) const {
  std::set<std::string> names;
  for (const BulkAt& at : bulks) {
    const Batch batch = TRY(read_batch_at(at.position));
    names.insert(TRY(bulk_file_name(*batch.payload)));
  }
  return names;
}

Result<std::set<std::string>> Partition::kept_bulk_files() const {
  std::vector<BulkAt> bulks;
  {
    Lock lock(mutex_);
    bulks = durable_.bulks;
  }
  return bulk_files_of(bulks);
}

Result<RejectFile> Partition::keep_rejects(const Segment& segment,
                                           const std::vector<RejectsAt>& rejects) const {
  auto writer = TRY(RejectFileWriter::create(files_, folder_, number_, segment.header.base_offset));
  const auto file = TRY(files_.open(segment.path, io::FileSystem::Open::read));
  SegmentReader reader(*file, segment, segment_header_bytes, segment.size, walk_window_bytes);
  for (const RejectsAt& at : rejects) {
    const uint64_t position = at.position - segment.header.start_position;
    auto frame = TRY(reader.next());
    while (frame && frame->position < position) frame = TRY(reader.next());
    if (!frame || frame->position != position)
      return fail(damaged(segment.path, position, "there is no batch", {}));
    const BatchHeader& header = frame->header;
    const auto body = TRY(reader.body(*frame));
    if (const Status checked = check_body(header, body); !checked) {
      return fail(damaged(segment.path, position, checked.error().message,
                          "restore this file from a backup of the log folder; until then it stays, because "
                          "it has records that are in quarantine"));
    }
    TRY(writer.add({at.position, header.base_offset, header.ingested_at_us, 0, 0, header.reject_count, 0},
                   body.substr(size_t{header.extension_bytes} + header.payload_bytes)));
  }
  return writer.finish();
}

// ---- rejects ----

Result<uint64_t> Partition::remove_quarantined_before(int64_t received_before_us) {
  Lock removing(removing_);
  std::vector<RejectFile> before;
  {
    Lock lock(mutex_);
    before = durable_.reject_files;
  }
  std::vector<RejectFile> after;
  uint64_t removed = 0;
  Status done;
  for (const RejectFile& file : before) {
    if (!done || file.first_received_at_us >= received_before_us) {
      after.push_back(file);
      continue;
    }
    if (file.last_received_at_us < received_before_us) {
      uint64_t bytes = 0;
      done = remove_if_there(files_, file.path, bytes);
      if (done) removed += file.rejects;
      if (!done) after.push_back(file);
      continue;
    }
    auto shortened = without_rejects_before(file, received_before_us);
    done = shortened ? Status{} : fail(shortened.error());
    after.push_back(shortened ? *shortened : file);
    if (shortened) removed += file.rejects - shortened->rejects;
  }
  {
    Lock lock(mutex_);
    durable_.reject_files = std::move(after);
    durable_.reject_count -= removed;
    ++removals_;
  }
  TRY(std::move(done));
  if (removed > 0) TRY(files_.sync_folder(folder_));
  return removed;
}

Result<RejectFile> Partition::without_rejects_before(const RejectFile& file,
                                                     int64_t received_before_us) const {
  const auto reader = TRY(RejectFileReader::open(files_, file.path, number_));
  auto writer = TRY(RejectFileWriter::create(files_, folder_, number_, file.base_offset));
  for (uint64_t i = 0; i < reader.file().batches; ++i) {
    const RejectedBatch batch = TRY(reader.batch(i));
    if (batch.received_at_us < received_before_us) continue;
    TRY(writer.add(batch, TRY(reader.encoded(batch))));
  }
  return writer.finish();
}

}  // namespace anabranch::log
