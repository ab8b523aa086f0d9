#include "connect/arriving_files/arriving_files.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"
#include "ingest/excerpt.h"

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

Result<ingest::BodyFormat> format_of(const std::string& chosen, const std::string& name) {
  std::string ending = chosen.empty() ? io::Path(name).extension().string() : "." + chosen;
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  if (ending == ".ndjson" || ending == ".jsonl") return ingest::BodyFormat::ndjson;
  if (ending == ".json") return ingest::BodyFormat::json;
  if (ending == ".csv") return ingest::BodyFormat::csv;
  if (ending == ".tsv" || ending == ".tab") return ingest::BodyFormat::tsv;
  return fail(Code::bad_input,
              fmt::format("what is in {} cannot be told from its name", ingest::excerpt(name)),
              "known are .ndjson, .jsonl, .json, .csv and .tsv; or say 'format:' in the source");
}

std::string key_of(const std::string& name, std::string_view body) {
  return fmt::format("arrived-{:016x}-{:016x}", fnv1a(name), fnv1a(body));
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

Result<ingest::Arrival> ArrivingFiles::read(const std::string& name, uint64_t bytes) {
  ingest::Arrival arrival;
  arrival.name = name;
  read_[name] = TRY(io::stamp_of(options_.folder / name));
  arrival.format = TRY(format_of(options_.format, name));
  if (bytes > options_.file_bytes_max) {
    return fail(
        Code::too_large,
        fmt::format("{} has {} bytes; a file that arrives may have {}", name, bytes, options_.file_bytes_max),
        "cut it into smaller ones, or run: anabranch ingest STREAM FILE");
  }
  arrival.body = TRY(files_.read_file(options_.folder / name));
  arrival.key = key_of(name, arrival.body);
  return arrival;
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
    if (is_settled(entry)) waiting_.push_back({entry.name, entry.size});
    if (auto seen = seen_.extract(entry.name)) there.insert(std::move(seen));
  }
  seen_ = std::move(there);
  return {};
}

Result<std::optional<ingest::Arrival>> ArrivingFiles::next() {
  if (waiting_.empty()) TRY(look());
  std::optional<Error> trouble;  // of the first; those behind it are not held up
  while (!waiting_.empty()) {
    const Waiting waiting = waiting_.front();
    auto arrival = read(waiting.name, waiting.bytes);
    if (arrival) return std::optional(std::move(*arrival));
    waiting_.pop_front();
    const Code code = arrival.error().code;
    if (code == Code::not_found) continue;  // somebody has taken it away again
    if (code == Code::bad_input || code == Code::too_large) {
      ingest::Arrival unread;
      unread.name = waiting.name;
      const Status put = refused(unread, arrival.error());
      if (!put && !trouble) trouble = put.error();
    } else if (!trouble) {
      trouble = arrival.error();
    }
  }
  if (trouble) return fail(std::move(*trouble));
  return std::optional<ingest::Arrival>();
}

// Under a name that is free there: what came before under the same one is kept. A file that is no longer what
// was read stays: it comes again, as another one.
Status ArrivingFiles::put_aside(const std::string& name, const std::string& folder, std::string& free_name) {
  if (!waiting_.empty() && waiting_.front().name == name) waiting_.pop_front();
  const auto before = read_.extract(name);
  const auto now = io::stamp_of(options_.folder / name);
  if (!now && now.error().code == Code::not_found) return {};  // it is gone, which is as good
  if (before && now &&
      (before.mapped().bytes != now->bytes || before.mapped().changed_at != now->changed_at)) {
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
  std::string free_name;
  return put_aside(arrival.name, done_folder, free_name);
}

Status ArrivingFiles::refused(const ingest::Arrival& arrival, const Error& why) {
  std::string free_name;
  TRY(put_aside(arrival.name, failed_folder, free_name));
  if (free_name.empty()) return {};
  if (free_name.size() > name_bytes_max) free_name.resize(name_bytes_max);
  return files_.write_atomically(options_.folder / failed_folder / (free_name + reason_ending),
                                 why.describe() + "\n");
}

}  // namespace anabranch::connect
