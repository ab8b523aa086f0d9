#include "connect/arriving_files/arriving_files.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"

namespace anabranch::connect {
namespace {

constexpr const char* done_folder = "done";
constexpr const char* failed_folder = "failed";
constexpr const char* reason_ending = ".error.txt";

bool is_unfinished(std::string_view name) {
  if (name.starts_with('.')) return true;
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
  return fail(Code::bad_input, fmt::format("what is in {} cannot be told from its name", name),
              "known are .ndjson, .jsonl, .json, .csv and .tsv; or say 'format:' in the source");
}

std::string key_of(const std::string& name, std::string_view body) {
  return fmt::format("arrived-{:016x}-{:016x}", fnv1a(name), fnv1a(body));
}

}  // namespace

bool ArrivingFiles::is_settled(const io::FolderEntry& entry) {
  const int64_t now_us = clock_.monotonic_us();
  const auto [seen, is_new] = seen_.try_emplace(entry.name, Seen{entry.size, now_us});
  if (is_new || seen->second.bytes != entry.size) seen->second = {entry.size, now_us};
  return now_us - seen->second.since_us >= options_.settle_us;
}

Result<ingest::Arrival> ArrivingFiles::read(const io::FolderEntry& entry) {
  ingest::Arrival arrival;
  arrival.name = entry.name;
  arrival.format = TRY(format_of(options_.format, entry.name));
  if (entry.size > options_.file_bytes_max) {
    return fail(Code::too_large,
                fmt::format("{} has {} bytes; a file that arrives may have {}", entry.name, entry.size,
                            options_.file_bytes_max),
                "cut it into smaller ones, or run: anabranch ingest STREAM FILE");
  }
  arrival.body = TRY(files_.read_file(options_.folder / entry.name));
  arrival.key = key_of(entry.name, arrival.body);
  return arrival;
}

Result<std::optional<ingest::Arrival>> ArrivingFiles::next() {
  auto entries = files_.list(options_.folder);
  if (!entries && entries.error().code == Code::not_found) {
    TRY(files_.create_folders(options_.folder));
    return std::optional<ingest::Arrival>();
  }
  if (!entries) return fail(entries.error());
  std::erase_if(*entries, [](const auto& entry) { return entry.is_folder || is_unfinished(entry.name); });
  std::erase_if(seen_, [&](const auto& seen) {
    return std::ranges::find(*entries, seen.first, &io::FolderEntry::name) == entries->end();
  });
  for (const io::FolderEntry& entry : *entries) {
    if (!is_settled(entry)) continue;
    auto arrival = read(entry);
    if (arrival) return std::optional(std::move(*arrival));
    const Code code = arrival.error().code;
    if (code == Code::not_found) continue;  // somebody has taken it away again
    if (code != Code::bad_input && code != Code::too_large) return fail(arrival.error());
    ingest::Arrival unread;
    unread.name = entry.name;
    TRY(refused(unread, arrival.error()));
  }
  return std::optional<ingest::Arrival>();
}

// Under a name that is free there: what came before under the same one is kept.
Status ArrivingFiles::put_aside(const std::string& name, const std::string& folder) {
  const io::Path target = options_.folder / folder;
  TRY(files_.create_folders(target));
  io::Path free = target / name;
  for (int number = 2; TRY(files_.exists(free)); ++number) free = target / fmt::format("{}.{}", name, number);
  const Status moved = files_.rename(options_.folder / name, free);
  if (!moved && moved.error().code == Code::not_found) return {};  // it is gone, which is as good
  TRY(Status(moved));
  TRY(files_.sync_folder(target));
  seen_.erase(name);
  return files_.sync_folder(options_.folder);
}

Status ArrivingFiles::taken(const ingest::Arrival& arrival) { return put_aside(arrival.name, done_folder); }

Status ArrivingFiles::refused(const ingest::Arrival& arrival, const Error& why) {
  const io::Path target = options_.folder / failed_folder;
  TRY(files_.create_folders(target));
  TRY(files_.write_atomically(target / (arrival.name + reason_ending), why.describe() + "\n"));
  return put_aside(arrival.name, failed_folder);
}

}  // namespace anabranch::connect
