#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "app/slots.h"
#include "base/mutex.h"
#include "ingest/ingestor.h"
#include "project/project.h"

namespace anabranch::app {

class Platform;

/// Brings what event sources have into the logs of their streams, for as long as a server runs: one arrival
/// of each in turn, so that a large file of one holds up no other. It goes by the project that runs, so an
/// apply begins and ends sources. What cannot be stored now (a full disk, too many events waiting for a
/// build) is tried again; what can never be is refused, and stays where the source puts it. Owner: the
/// platform; a thread of its own.
class EventSources {
 public:
  /// The platform outlives it.
  EventSources(Platform& platform, SlotGround ground);
  ~EventSources();

 private:
  struct Open {
    project::ArrivingFiles declared;
    std::unique_ptr<ingest::EventSource> source;
    std::string trouble;  // that was said; empty: all is well
    int64_t due_us = 0;   // not asked before, after trouble
  };

  void run() EXCLUDES(mutex_);
  void open_those_of(const project::Project& project);
  /// Whether it may have more now.
  bool ask(const std::string& name, Open& open);
  Result<bool> take_next(Open& open);
  bool is_over() EXCLUDES(mutex_);

  Platform& platform_;
  const SlotGround ground_;
  std::map<std::string, Open> sources_;  // by name
  std::shared_ptr<const project::Project> project_;
  Mutex mutex_;
  std::condition_variable changed_;
  bool is_over_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace anabranch::app
