#include "connect/arriving_files/arriving_files.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "base/assert.h"

namespace anabranch::connect {
namespace {

constexpr const char* done_folder = "done";
constexpr const char* failed_folder = "failed";
constexpr const char* reason_ending = ".error.txt";
constexpr size_t name_bytes_max = 200;  // of a file, so that a name with endings has room

bool is_unfinished(std::string_view name) {
  if (name.starts_with('.') || name == done_folder || name == failed_folder) return true;
  return std::ranges::any_of(std::initializer_list<std::string_view>{".tmp", ".part", ".crdownload"},
                             [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_same(const io::FileStamp& a, const io::FileStamp& b) {
  return a.bytes == b.bytes && a.changed_at == b.changed_at;
}

}  // namespace

bool ArrivingFiles::is_settled(const io::FolderEntry& entry) {
  const int64_t now_us = clock_.monotonic_us();
  const auto stamp = io::stamp_of(options_.folder / entry.name);
  if (!stamp) return true;  // why it cannot be read is found when it is
  const auto [seen, is_new] = seen_.try_emplace(entry.name);
  if (is_new || seen->second.bytes != stamp->bytes || seen->second.changed_at != stamp->changed_at)
    seen->second = {stamp->bytes, stamp->changed_at, now_us};
  return now_us - seen->second.since_us >= options_.settle_us;
}

// What has settled, in the order of names. Once for all that waits: a folder may have many files.
Status ArrivingFiles::look() {
  auto entries = files_.list(options_.folder);
  if (!entries && entries.error().code == Code::not_found) return files_.create_folders(options_.folder);
  if (!entries) return fail(entries.error());
  std::erase_if(*entries, [](const auto& entry) { return entry.is_folder || is_unfinished(entry.name); });
  std::ranges::sort(*entries, {}, &io::FolderEntry::name);
  std::map<std::string, Seen> there;
  for (const io::FolderEntry& entry : *entries) {
    if (is_settled(entry)) waiting_.push_back(entry.name);
    if (auto seen = seen_.extract(entry.name)) there.insert(std::move(seen));
  }
  seen_ = std::move(there);
  return {};
}

Result<std::optional<ingest::Arrival>> ArrivingFiles::next() {
  if (!current_ && waiting_.empty()) TRY(look());
  std::optional<Error> trouble;  // of the first; those behind it are not held up
  while (current_ || !waiting_.empty()) {
    if (!current_) {
      current_.emplace();
      current_->name = std::move(waiting_.front());
      waiting_.pop_front();
    }
    const auto due = go_on();
    if (due && *due == Due::part) return std::optional(current_->part);
    if (due && *due == Due::later) break;
    const Status left = due ? leave(*due) : leave(due.error());
    if (!left && !trouble) trouble = left.error();
  }
  if (trouble) return fail(std::move(*trouble));
  return std::optional<ingest::Arrival>();
}

// ---- the current file ----

Result<ArrivingFiles::Due> ArrivingFiles::go_on() {
  Current& file = *current_;
  if (file.is_given) return Due::part;
  if (!file.has_begun) TRY(begin());
  file.has_begun = true;
  if (!file.part.key.empty()) {
    if (!TRY(file.text->next(file.part.body))) return Due::end;
  } else if (!TRY(find_key())) {
    return Due::later;
  }
  // What was read is of the content that the key is of.
  const io::FileStamp now = TRY(io::stamp_of(options_.folder / file.name));
  if (!is_same(*file.stamp, now)) return Due::changed;
  const bool is_all = !file.text || (file.answered == 0 && file.text->is_over());
  if (!is_all) file.part.number = file.answered;
  if (file.text) file.part.line = file.text->line();
  file.is_given = true;
  return Due::part;
}

Status ArrivingFiles::begin() {
  Current& file = *current_;
  const io::Path path = options_.folder / file.name;
  file.part.name = file.name;
  file.stamp = TRY(io::stamp_of(path));
  const auto format = TRY(ingest::event_file_format(options_.format, file.name, "'format:' in the source"));
  if (format.is_parquet) {
    file.part.file = std::filesystem::absolute(path).string();
  } else {
    file.part.format = format.body;
    file.text =
        TRY(ingest::EventFile::open({path.string(), file.name}, format.body, options_.document_bytes_max));
    const bool is_there = TRY(file.text->next(file.part.body));
    if (!is_there) file.part.body.clear();  // an empty file is one all the same
  }
  file.bytes = TRY(files_.open(path, io::FileSystem::Open::read));
  return {};
}

// Whether it is found: a large file is looked at in several calls.
Result<bool> ArrivingFiles::find_key() {
  constexpr size_t piece_bytes = 1 << 20;
  Current& file = *current_;
  for (uint64_t looked_at = 0; looked_at < options_.known_at_once_bytes; looked_at += piece_bytes) {
    const std::string piece = TRY(file.bytes->read_at(file.bytes_known, piece_bytes));
    if (piece.empty()) {
      file.part.key = fmt::format("arrived-{:016x}-{:016x}", fnv1a(file.name), file.hash);
      file.bytes.reset();
      return true;
    }
    file.hash = fnv1a(piece, file.hash);
    file.bytes_known += piece.size();
  }
  return false;
}

// All of it was taken, or it is not what it was.
Status ArrivingFiles::leave(Due due) {
  std::string free_name;
  if (due == Due::end) return put_aside(done_folder, free_name);
  seen_.erase(current_->name);
  current_.reset();
  return {};
}

Status ArrivingFiles::leave(const Error& why) {
  const uint64_t line = current_->text ? current_->text->next_line() : 1;
  if (why.code == Code::bad_input || why.code == Code::too_large) return refuse(why, line);
  const std::string name = std::exchange(current_->name, {});
  const bool is_begun = current_->answered > 0;
  current_.reset();
  if (why.code != Code::not_found) return fail(why);
  if (!is_begun) return {};  // somebody has taken it away again
  return fail(Code::not_found, fmt::format("{} was taken away before all of it was taken in", name),
              fmt::format("what stands before its line {} is in the stream", line));
}

// Under a name that is free there: what came before under the same one is kept. A file that is no longer what
// was read stays: it comes again, as another one.
Status ArrivingFiles::put_aside(const std::string& folder, std::string& free_name) {
  const std::string name = current_->name;
  const auto before = current_->stamp;
  current_.reset();
  const auto now = io::stamp_of(options_.folder / name);
  if (!now && now.error().code == Code::not_found) return {};  // it is gone, which is as good
  if (before && now && !is_same(*before, *now)) {
    seen_.erase(name);
    return {};
  }
  const io::Path target = options_.folder / folder;
  TRY(files_.create_folders(target));
  free_name = name;
  for (int number = 2; TRY(files_.exists(target / free_name)); ++number)
    free_name = fmt::format("{}.{}", name, number);
  const Status moved = files_.rename(options_.folder / name, target / free_name);
  if (!moved && moved.error().code == Code::not_found) return {};
  TRY(Status(moved));
  TRY(files_.sync_folder(target));
  seen_.erase(name);
  return files_.sync_folder(options_.folder);
}

Status ArrivingFiles::taken(const ingest::Arrival& arrival) {
  ANABRANCH_ASSERT(current_ && current_->is_given && current_->name == arrival.name);
  current_->is_given = false;
  ++current_->answered;
  if (current_->text && !current_->text->is_over()) return {};
  return leave(Due::end);
}

Status ArrivingFiles::refused(const ingest::Arrival& arrival, const Error& why) {
  ANABRANCH_ASSERT(current_ && current_->is_given && current_->name == arrival.name);
  return refuse(why, arrival.line);
}

// `line`: the first one of what is not in the log.
Status ArrivingFiles::refuse(const Error& why, uint64_t line) {
  Error told = why;
  if (current_->answered > 0) {
    told.hint +=
        fmt::format("{}what stands before line {} of the file is in the stream: bring only the rest again",
                    told.hint.empty() ? "" : "; ", line);
  }
  std::string free_name;
  TRY(put_aside(failed_folder, free_name));
  if (free_name.empty()) return {};
  if (free_name.size() > name_bytes_max) free_name.resize(name_bytes_max);
  return files_.write_atomically(options_.folder / failed_folder / (free_name + reason_ending),
                                 told.describe() + "\n");
}

}  // namespace anabranch::connect
