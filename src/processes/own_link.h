#pragma once
// The child's side: what a program that a Supervisor started does first, and how it ends.

#include <condition_variable>
#include <latch>
#include <memory>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"
#include "io/socket.h"
#include "processes/link.h"

namespace anabranch::processes {

// What a supervisor and its child tell each other beside everything else. Others' topics do not begin like
// this.
constexpr std::string_view ready_topic = "process.ready";        // by the child: it can be called
constexpr std::string_view progress_topic = "process.progress";  // by the child: its work goes on
constexpr std::string_view stop_topic = "process.stop";          // to the child: it shall end

/// The link of this process to the one that started it. When that one has gone this process ends at once,
/// whatever it does. Owner: the child's main function; any thread may call.
class OwnLink {
 public:
  /// The first thing that a child does, before it has other threads: takes its socket, ties itself to its
  /// parent, and keeps to the limits that it was started with. bad_input: it was not started as a child.
  static Result<std::unique_ptr<OwnLink>> take();
  ~OwnLink();

  /// From here on calls and tells are taken, and signs of life are given. Once, and soon: a child is not
  /// waited for longer than its supervisor's ready_within_us.
  void begin(Link::Handler handler, Link::TellHandler told, const Link::Options& options) EXCLUDES(mutex_);
  /// After begin().
  Link& link() { return *link_; }

  void say_ready() { link_->tell(ready_topic, ""); }
  void say_progress() { link_->tell(progress_topic, ""); }
  /// Blocks until this process shall end: its main function returns then.
  void wait_for_stop() EXCLUDES(mutex_);
  bool is_stopping() EXCLUDES(mutex_);

 private:
  explicit OwnLink(io::Socket socket) : socket_(std::move(socket)) {}

  io::Socket socket_;
  Mutex mutex_;
  std::condition_variable changed_;
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  std::latch begun_{1};         // what comes before link() is there waits
  std::unique_ptr<Link> link_;  // the last one: its threads use what is above
};

}  // namespace anabranch::processes
