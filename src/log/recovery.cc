#include "log/recovery.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"
#include "io/random.h"
#include "log/producer_file.h"

namespace anabranch::log {
namespace {

constexpr size_t header_window_bytes = 16 << 10;
constexpr size_t full_window_bytes = 1 << 20;

constexpr std::string_view restore_hint =
    "restore this file from a backup of the log folder and start again; nothing was changed";

std::string cut_hint(const Segment& segment) {
  return fmt::format(
      "restore this file from a backup of the log folder and start again; without one, keep a copy of it, "
      "and "
      "`truncate -s {} {}` gives up the events from offset {} on; nothing was changed",
      segment.size, segment.path.string(), segment.end_offset);
}

struct Damage {
  Error error;
  bool may_be_torn = false;  // as a crash leaves it, when nothing durable comes after
};

// Adds the batches of the last of `found.segments` to it, up to the end of the file or the first damage.
Result<std::optional<Damage>> scan(const io::File& file, uint64_t file_bytes, bool with_bodies,
                                   RecoveredPartition& found) {
  const Segment& segment = found.segments.back();
  SegmentReader reader(file, segment, segment.size, file_bytes,
                       with_bodies ? full_window_bytes : header_window_bytes);
  while (true) {
    auto frame = reader.next();
    if (!frame) {
      if (frame.error().code != Code::corrupt) return fail(std::move(frame).error());
      return Damage{std::move(frame).error(), true};
    }
    if (!*frame) return std::nullopt;
    const BatchHeader& header = (*frame)->header;
    if (Status fits = check_base_offset(segment, segment.size, header, segment.end_offset); !fits)
      return Damage{std::move(fits).error(), false};
    if (with_bodies) {
      const auto body = TRY(reader.body(**frame));
      if (Status checked = check_body(header, body); !checked) {
        return Damage{damaged(segment.path, segment.size, checked.error().message, {}), true};
      }
    }
    if (header.extension_bytes > 0 && segment.header.base_offset >= found.producers_from) {
      const auto producer = parse_extension(TRY(reader.extension(**frame)));
      if (!producer) return Damage{damaged(segment.path, segment.size, producer.error().message, {}), false};
      if (*producer) {
        found.producers.add(**producer,
                            {{header.base_offset, header.end_offset()},
                             header.reject_count,
                             header.ingested_at_us,
                             (*producer)->fingerprint},
                            segment.header.base_offset);
      }
    }
    found.add(header);
  }
}

// A batch after the damage that was written when the damaged place had been durable before: nothing that a
// crash leaves. Batches of one group commit reach the disk in any order, so a neighbour of the same group
// proves nothing.
Result<std::optional<uint64_t>> find_later_group(const io::File& file, uint64_t file_bytes,
                                                 const Segment& segment) {
  const uint64_t damage_at = segment.size;
  std::string magic;
  put(magic, batch_magic);
  for (uint64_t at = damage_at + 1; at + batch_header_bytes <= file_bytes;) {
    const std::string window = TRY(file.read_at(at, full_window_bytes));
    if (window.size() < batch_header_bytes) break;
    const std::string_view bytes = window;
    for (size_t hit = bytes.find(magic); hit != bytes.npos && hit + batch_header_bytes <= bytes.size();
         hit = bytes.find(magic, hit + 1)) {
      const auto header = parse_batch_header(bytes.substr(hit), segment.header.salt);
      if (!header && header.error().code != Code::refused) continue;
      if (!header) return at + hit;
      const uint64_t group_at = at + hit - std::min<uint64_t>(header->group_bytes_before, at + hit);
      if (header->base_offset >= segment.end_offset && group_at > damage_at) return at + hit;
    }
    at += window.size() - (batch_header_bytes - 1);  // a header may begin in the rest
  }
  return std::nullopt;
}

constexpr std::string_view suspicion_name = "suspect";

// Writes the checked bytes of the segment anew. A sync that failed once may call the next one a success for
// bytes that never reached the disk, so what stands behind them would be built on a hole.
Status rewrite(io::FileSystem& files, const Segment& segment, std::unique_ptr<io::File>& file) {
  io::Path beside = segment.path;
  beside += ".rewritten";
  auto copy = TRY(files.open(beside, io::FileSystem::Open::append));
  TRY(copy->truncate(0));
  for (uint64_t at = 0; at < segment.size;) {
    const std::string bytes =
        TRY(file->read_at(at, std::min<uint64_t>(full_window_bytes, segment.size - at)));
    if (bytes.empty()) return fail(damaged(segment.path, at, "the file is shorter than it was", {}));
    TRY(copy->append(bytes));
    at += bytes.size();
  }
  TRY(copy->sync());
  TRY(files.rename(beside, segment.path));
  TRY(files.sync_folder(segment.path.parent_path()));
  file = std::move(copy);
  return files.remove(segment.path.parent_path() / suspicion_name);
}

Segment next_segment(const io::Path& folder, model::Partition number, const RecoveredPartition& found) {
  return {folder / segment_name(found.end_offset()),
          {number, found.end_offset(), found.end_position(), static_cast<uint32_t>(io::random_u64())}};
}

Status create_next(io::FileSystem& files, Segment segment, RecoveredPartition& found) {
  found.active = TRY(create_segment(files, segment));
  found.segments.push_back(std::move(segment));
  return {};
}

Status recover_sealed(io::FileSystem& files, const io::Path& path, model::Partition number,
                      RecoveredPartition& found) {
  const auto file = TRY(files.open(path, io::FileSystem::Open::read));
  Segment segment = TRY(read_segment_header(*file, path, restore_hint));
  TRY(found.check_next(segment, number));
  found.segments.push_back(std::move(segment));
  if (auto damage = TRY(scan(*file, TRY(file->size()), false, found))) {
    damage->error.hint = restore_hint;
    return fail(std::move(damage->error));
  }
  return {};
}

Status recover_last(io::FileSystem& files, const io::Path& path, model::Partition number,
                    RecoveredPartition& found) {
  auto file = TRY(files.open(path, io::FileSystem::Open::append));
  const uint64_t file_bytes = TRY(file->size());
  auto segment = read_segment_header(*file, path, restore_hint);
  if (!segment) {
    Segment again = next_segment(path.parent_path(), number, found);
    // Batches come only after the header is synced, so a crash while the file was made leaves no more than
    // this.
    if (segment.error().code == Code::corrupt && file_bytes <= segment_header_bytes && again.path == path) {
      return create_next(files, std::move(again), found);
    }
    return fail(std::move(segment).error());
  }
  TRY(found.check_next(*segment, number));
  found.segments.push_back(std::move(*segment));
  Segment& last = found.segments.back();
  if (auto damage = TRY(scan(*file, file_bytes, true, found))) {
    const auto later = damage->may_be_torn ? TRY(find_later_group(*file, file_bytes, last)) : std::nullopt;
    if (later || !damage->may_be_torn) {
      if (later)
        damage->error.message += fmt::format("; batches that came later follow from byte {}", *later);
      damage->error.hint = cut_hint(last);
      return fail(std::move(damage->error));
    }
    TRY(file->truncate(last.size));
    found.torn_tail = TornTail{path, last.size, file_bytes - last.size};
  }
  if (TRY(files.exists(path.parent_path() / suspicion_name))) TRY(rewrite(files, last, file));
  // After a kill the bytes may be with the operating system only. Readers will rely on them from now on.
  TRY(file->sync());
  TRY(files.sync_folder(path.parent_path()));
  found.active = std::move(file);
  return {};
}

}  // namespace

void KnownProducers::add(const Producer& producer, const Answer& answer, model::Offset segment) {
  if (table.is_empty()) first_in = segment;
  table.add(producer, answer);
}

void leave_suspicion(io::FileSystem& files, const io::Path& folder) {
  (void)files.open(folder / suspicion_name, io::FileSystem::Open::append);
}

namespace {

// The names in the folder, and what they say before a segment is opened. Gives the segments of the log in the
// order of their offsets, as the digits are.
Result<std::vector<io::Path>> survey(io::FileSystem& files, const io::Path& folder, model::Partition number,
                                     RecoveredPartition& found) {
  std::vector<io::Path> paths;
  for (const io::FolderEntry& entry : TRY(files.list(folder))) {
    const auto of = parse_reject_file_name(entry.name);
    // Of a segment that is part of the log: it has them itself.
    if ((of && *of >= found.front.offset) || is_unfinished_reject_file(entry.name))
      found.unfinished.push_back(folder / entry.name);
    if (of && *of < found.front.offset) {
      const auto reader = TRY(RejectFileReader::open(files, folder / entry.name, number));
      found.reject_count += reader.file().rejects;
      found.reject_files.push_back(reader.file());
    }
    if (!entry.name.ends_with(".log")) continue;
    const auto offset = parse_segment_name(entry.name);
    if (entry.is_folder || !offset) {
      return fail(Code::corrupt,
                  fmt::format("{} is not the name of a log segment", (folder / entry.name).string()),
                  "segments are named by their base offset in 20 digits; move this out of the folder");
    }
    (*offset < found.front.offset ? found.leftovers : paths).push_back(folder / entry.name);
  }
  if (paths.empty() && found.front.offset > 0) {
    return fail(
        Code::corrupt,
        fmt::format("{}: the events from offset {} on are missing", folder.string(), found.front.offset),
        gap_hint(folder));
  }
  return paths;
}

Status recover_producers(io::FileSystem& files, const io::Path& folder, const ProducerTable::Limits& limits,
                         RecoveredPartition& found) {
  auto saved = TRY(read_producers(files, folder, limits, found.front.offset));
  if (!saved && found.front.producers_from) {
    return fail(Code::corrupt,
                fmt::format("no table of producers in {} can be read, and the segments that told the same "
                            "were removed",
                            folder.string()),
                fmt::format("restore the files *.producers from a backup of the log folder; without one, an "
                            "empty file {:020}.producers begins a new table: what producers sent before "
                            "and send again is then stored again",
                            *found.front.producers_from));
  }
  found.producers.table = saved ? std::move(saved->table) : ProducerTable(limits);
  found.producers_from = saved ? saved->base_offset : 0;
  return {};
}

}  // namespace

Result<RecoveredPartition> recover_partition(io::FileSystem& files, const io::Path& folder,
                                             model::Partition number,
                                             const ProducerTable::Limits& producers) {
  RecoveredPartition found;
  found.front = TRY(read_front(files, folder, number));
  found.last_ingested_at_us = found.front.last_ingested_at_us;
  const auto paths = TRY(survey(files, folder, number, found));
  TRY(recover_producers(files, folder, producers, found));
  for (size_t i = 0; i + 1 < paths.size(); ++i) TRY(recover_sealed(files, paths[i], number, found));
  Status last = paths.empty() ? create_next(files, next_segment(folder, number, found), found)
                              : recover_last(files, paths.back(), number, found);
  if (!last) {
    const bool is_refused = last.error().code == Code::corrupt || last.error().code == Code::refused;
    if (!is_refused) leave_suspicion(files, folder);  // a sync may have failed
    return fail(std::move(last).error());
  }
  return found;
}

}  // namespace anabranch::log
