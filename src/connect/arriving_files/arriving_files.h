#pragma once

#include <deque>
#include <map>
#include <string>

#include "ingest/event_source.h"
#include "io/clock.h"
#include "io/file_copy.h"
#include "io/file_system.h"

namespace anabranch::connect {

/// Events in files that somebody puts into a folder. A file is taken when its size and the time of its last
/// change have stayed the same for settle_us, in the order of names; then it is moved to `done/`, or, where
/// it can never become events, to `failed/`, with the reason in a file `<name>.error.txt`. Hidden files and
/// *.tmp, *.part and *.crdownload are somebody's unfinished ones: whoever renames a file when it is whole
/// does best. A file is known by its name and its content: when the program ends after its events are durable
/// and before it was moved, it comes again with the same key.
class ArrivingFiles final : public ingest::EventSource {
 public:
  struct Options {
    io::Path folder;     // is made where it is missing
    std::string format;  // ndjson, json, csv or tsv; empty: by each file's name
    uint64_t file_bytes_max = 64 << 20;
    int64_t settle_us = 1'000'000;
  };
  ArrivingFiles(io::FileSystem& files, io::Clock& clock, Options options)
      : files_(files), clock_(clock), options_(std::move(options)) {}

  Result<std::optional<ingest::Arrival>> next() override;
  Status taken(const ingest::Arrival& arrival) override;
  Status refused(const ingest::Arrival& arrival, const Error& why) override;

 private:
  // When a file was first seen to have its size.
  struct Seen {
    uint64_t bytes = 0;
    int64_t changed_at = 0;
    int64_t since_us = 0;
  };
  struct Waiting {
    std::string name;
    uint64_t bytes = 0;
  };
  Status look();
  bool is_settled(const io::FolderEntry& entry);
  Result<ingest::Arrival> read(const std::string& name, uint64_t bytes);
  Status put_aside(const std::string& name, const std::string& folder, std::string& free_name);

  io::FileSystem& files_;
  io::Clock& clock_;
  const Options options_;
  std::map<std::string, Seen> seen_;
  std::deque<Waiting> waiting_;                // settled when the folder was last looked at
  std::map<std::string, io::FileStamp> read_;  // as they were when they were read; until they are answered
};

}  // namespace anabranch::connect
