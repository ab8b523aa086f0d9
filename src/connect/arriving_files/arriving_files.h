#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/hash.h"
#include "ingest/event_file.h"
#include "ingest/event_source.h"
#include "io/clock.h"
#include "io/file_copy.h"
#include "io/file_system.h"

namespace anabranch::connect {

/// Events in files that somebody puts into a folder. A file is taken when its size and the time of its last
/// change have stayed the same for settle_us, in the order of names, in parts where it is large
/// (ingest/event_file.h); then it is moved to `done/`, or, where it can never become events, to `failed/`,
/// with the reason in a file `<name>.error.txt`. Hidden files and *.tmp, *.part and *.crdownload are
/// somebody's unfinished ones: whoever renames a file when it is whole does best. A file is known by its name
/// and its content: when the program ends before it was moved, it comes again with the same key. One that is
/// not any more what it was when it was begun is left where it is, and comes again as another.
class ArrivingFiles final : public ingest::EventSource {
 public:
  struct Options {
    io::Path folder;                         // is made where it is missing
    std::string format;                      // as event_file_format() has it; empty: by each file's name
    uint64_t document_bytes_max = 64 << 20;  // of JSON, which is taken whole
    int64_t settle_us = 1'000'000;
    uint64_t known_at_once_bytes = 256 << 20;  // so much of a file's content is looked at in one call
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
  // The file whose parts are given.
  struct Current {
    std::string name;
    std::optional<io::FileStamp> stamp;       // as it was when it was begun
    std::unique_ptr<ingest::EventFile> text;  // none: Parquet
    ingest::Arrival part;
    bool has_begun = false;           // `part` is the first one, and its key is not known yet
    bool is_given = false;            // `part` was, and is not answered
    uint64_t answered = 0;            // parts
    std::unique_ptr<io::File> bytes;  // while the key is found
    uint64_t bytes_known = 0;
    uint64_t hash = fnv1a({});
  };
  enum class Due { part, later, end, changed };

  Status look();
  bool is_settled(const io::FolderEntry& entry);
  Result<Due> go_on();
  Status begin();
  Result<bool> find_key();
  Status leave(Due due);
  Status leave(const Error& why);
  Status refuse(const Error& why, uint64_t line);
  Status put_aside(const std::string& folder, std::string& free_name);

  io::FileSystem& files_;
  io::Clock& clock_;
  const Options options_;
  std::map<std::string, Seen> seen_;
  std::deque<std::string> waiting_;  // settled when the folder was last looked at
  std::optional<Current> current_;
};

}  // namespace anabranch::connect
