#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/engine_messages.h"
#include "app/stream_writer.h"
#include "base/mutex.h"
#include "front/remote/engine_calls.h"
#include "io/file_system.h"
#include "log/followed_log.h"

namespace anabranch::app {

/// The engine's side of the logs: the server writes them (stream_host.h), and this process follows their
/// files as far as it is told. Owner: the stations of the engine's platform; a thread of its own, which takes
/// over what was told, so that the link's thread does not wait for a disk.
class RemoteStreamWriter final : public StreamWriter {
 public:
  /// What it is given outlives it.
  RemoteStreamWriter(front::remote::CurrentLink link, io::FileSystem& files, io::Path data_folder);
  ~RemoteStreamWriter() override;

  /// How far a stream may be read now; any thread.
  void told(const std::string& stream, std::string durable) EXCLUDES(mutex_);
  /// Waits until what was told so far is taken over.
  void catch_up() EXCLUDES(mutex_);

  Result<std::vector<OpenStream>> open(const std::vector<project::StreamFile>& streams,
                                       std::map<std::string, Error>& damaged) override;
  Status change_schema(OpenStream& stream, const model::Schema& declared) override;
  void set_key(OpenStream& stream, const std::vector<std::string>& key) override;
  Status close(OpenStream& stream) EXCLUDES(advancing_) override;
  Result<ingest::Accepted> accept(OpenStream& stream, const ingest::Arrival& arrival) override;

 private:
  struct Followed {
    log::FollowedLog* log = nullptr;  // none: not opened yet
    log::SchemaStore* schemas = nullptr;
    std::string told;  // that was not taken over yet
  };
  static Status advance(const Followed& followed);
  Result<OpenStream> follow(StreamOpened opened);
  void run() EXCLUDES(advancing_) EXCLUDES(mutex_);

  const front::remote::EngineCalls server_;
  io::FileSystem& files_;
  const io::Path data_folder_;
  Mutex advancing_;  // held while what was told is taken over; before mutex_
  Mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Followed> streams_ GUARDED_BY(mutex_);
  int64_t told_count_ GUARDED_BY(mutex_) = 0;
  int64_t taken_count_ GUARDED_BY(mutex_) = 0;  // of them
  bool is_over_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace anabranch::app
