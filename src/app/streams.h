#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "history/stream.h"
#include "ingest/ingestor.h"
#include "io/file_system.h"
#include "log/schema_store.h"
#include "model/names.h"
#include "project/project.h"

namespace anabranch::app {

/// A stream of the project with its log open.
struct OpenStream {
  std::string name;
  io::Path folder;  // log/<stream>
  std::unique_ptr<log::SchemaStore> schemas;
  std::unique_ptr<log::EventLog> log;
  std::unique_ptr<ingest::Ingestor> ingestor;  // null where another process writes the log
  std::vector<Error> refused;  // what its file says and cannot be; nothing of the file holds then

  history::Stream stream() const { return {model::bronze(name), log.get(), schemas.get(), folder}; }
};

/// What is incompatible in a plan, each with the place in the stream's file.
std::vector<Error> schema_problems(const ingest::SchemaPlan& plan, const project::StreamFile& stream);

/// The streams that are open. They come and go under the lock of changes; any thread may look for one, and
/// what it finds stays until the platform goes.
class Streams {
 public:
  void add(OpenStream stream) EXCLUDES(mutex_);
  /// Null: it is not open, or was dropped.
  OpenStream* find(const std::string& name) EXCLUDES(mutex_);
  /// Those that were not dropped.
  std::vector<OpenStream*> all() const EXCLUDES(mutex_);
  /// From here on nobody finds it. The object stays: a request that came in earlier may have it in hand, and
  /// is told that its log is closed.
  void close(const std::string& name) EXCLUDES(mutex_);
  void close_logs() EXCLUDES(mutex_);

  /// Streams of the project that are not open, with why. Under the lock of changes.
  std::map<std::string, Error>& damaged() { return damaged_; }
  const std::map<std::string, Error>& damaged() const { return damaged_; }

 private:
  mutable Mutex mutex_;
  mutable std::deque<OpenStream> streams_ GUARDED_BY(mutex_);  // one without a name was dropped
  std::map<std::string, Error> damaged_;
};

}  // namespace anabranch::app
