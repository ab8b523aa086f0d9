#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/engine_messages.h"
#include "app/local_stream_writer.h"
#include "app/streams.h"
#include "base/mutex.h"
#include "processes/link.h"

namespace anabranch::app {

/// The server's side of the logs: writes them, does what the engine's process asks of them
/// (remote_stream_writer.h), and tells it how far they are durable. Owner: the engine's host; a thread of its
/// own. Any thread may call.
class StreamHost {
 public:
  /// What it is given outlives it.
  StreamHost(Streams& streams, LocalStreamWriter& writer);
  ~StreamHost();

  /// Who is told from now on; null: nobody.
  void tell_to(std::shared_ptr<processes::Link> engine) EXCLUDES(mutex_);
  /// When it returns, the engine's next call comes after word of all that was durable.
  void tell_now() EXCLUDES(telling_) EXCLUDES(mutex_);
  /// A call of the engine whose method begins with "streams.".
  Result<std::string> handle(const processes::IncomingCall& call);
  /// Streams whose files are damaged, as they were found.
  std::map<std::string, Error> damaged() const EXCLUDES(mutex_);

 private:
  Result<StreamsOpened> open(const std::vector<project::StreamFile>& streams) EXCLUDES(opening_);
  Result<OpenStream*> find(const std::string& name);
  void wake() EXCLUDES(mutex_);
  void run() EXCLUDES(mutex_);

  Streams& streams_;
  LocalStreamWriter& writer_;
  Mutex opening_;                                                 // one change at a time
  Mutex telling_;                                                 // before mutex_
  std::map<std::string, std::string> told_ GUARDED_BY(telling_);  // by stream
  std::shared_ptr<processes::Link> told_to_ GUARDED_BY(telling_);
  mutable Mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<processes::Link> engine_ GUARDED_BY(mutex_);
  std::map<std::string, Error> damaged_ GUARDED_BY(mutex_);
  bool is_woken_ GUARDED_BY(mutex_) = false;
  bool is_over_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace anabranch::app
