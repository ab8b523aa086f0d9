#pragma once
// Keeps one child of a kind running.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/result.h"
#include "io/clock.h"
#include "processes/child.h"
#include "processes/link.h"
#include "processes/process_report.h"

namespace anabranch::processes {

/// Starts a child, waits until it says that it is ready, watches it, and starts another one when it has
/// ended: at once the first time, then later and later (restart_delay.h). A child that gives no signs of life
/// (it is stopped, or hangs; a busy one gives them) or takes too much memory is ended. Owner: who made it;
/// any thread may call.
class Supervisor {
 public:
  struct Options {
    ChildOrder child;
    Link::Options link;
    int64_t ready_within_us = 60'000'000;  // from its start; 0: no limit
    int64_t heartbeat_us = 500'000;        // how often a sign of life is asked for
    int heartbeats_missed_max = 5;         // one after the other; more: it is ended
    int64_t progress_within_us = 0;  // between two "process.progress" of a child that is ready; 0: no limit
    io::Clock* clock = &io::system_clock();
  };
  /// On a thread of the supervisor's, one at a time. They must not stop it, and while they run nobody
  /// watches.
  struct Listeners {
    std::function<void(const std::shared_ptr<Link>&)> started;  // a new link; its child is not ready yet
    std::function<void(const std::shared_ptr<Link>&)> ready;    // link() gives it after this
    std::function<void(const ProcessEnd&)> ended;               // of a child that was not asked to end
  };

  /// The handlers are those of each link, and must look at `cancelled`: a new child is not started before
  /// those of the old one's calls have returned.
  Supervisor(Options options, Link::Handler handler, Link::TellHandler told, Listeners listeners);
  /// stop()
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;

  /// Begins. Once.
  void start() EXCLUDES(mutex_);

  /// The link of the child that runs and is ready, or nothing. It may close at any time.
  std::shared_ptr<Link> link() EXCLUDES(mutex_);
  /// Waits for one. timeout; unavailable: it was stopped; cancelled (looked at every 50 ms).
  Result<std::shared_ptr<Link>> wait_for_link(int64_t timeout_us,
                                              const std::shared_ptr<const std::atomic<bool>>& cancelled = {})
      EXCLUDES(mutex_);
  ProcessReport report() EXCLUDES(mutex_);

  /// Ends the child: asks it first, then SIGTERM, then SIGKILL, all within that time; then its link. No other
  /// one is started. Waits for it; who waits for a link goes on.
  void stop(int64_t within_us = 5'000'000) EXCLUDES(mutex_);

 private:
  struct Watched;  // one child, from its start to its end

  void run() EXCLUDES(mutex_);
  // From start to end of one child.
  ProcessEnd run_one() EXCLUDES(mutex_);
  void watch(Watched& watched) EXCLUDES(mutex_);
  // Why it has to be ended; empty: it need not.
  std::string look_at(Watched& watched) EXCLUDES(mutex_);
  void become_ready(Watched& watched) EXCLUDES(mutex_);
  void end_in_order(Watched& watched) EXCLUDES(mutex_);
  bool wait_until(int64_t until_us) EXCLUDES(mutex_);
  // What has happened to the child that runs; on threads of its own and of its link's.
  enum class News { ready, progress, ended };
  void note(News news) EXCLUDES(mutex_);
  void note_closed(const Error& why) EXCLUDES(mutex_);
  bool is_stopping() EXCLUDES(mutex_);

  const Options options_;
  const Link::Handler handler_;
  const Link::TellHandler told_;
  const Listeners listeners_;

  Mutex mutex_;
  std::condition_variable changed_;  // of what others wait for: link, stop
  std::condition_variable wake_;     // the supervisor's thread
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  // When the child has ended at the latest; by the system's monotonic clock.
  int64_t stop_at_us_ GUARDED_BY(mutex_) = 0;
  // Of the child that runs:
  bool has_news_ GUARDED_BY(mutex_) = false;
  bool said_ready_ GUARDED_BY(mutex_) = false;
  bool said_progress_ GUARDED_BY(mutex_) = false;
  std::optional<Error> closed_ GUARDED_BY(mutex_);  // its link, and why
  std::shared_ptr<Link> link_ GUARDED_BY(mutex_);   // once it is ready
  Child* child_ GUARDED_BY(mutex_) = nullptr;
  ProcessReport report_ GUARDED_BY(mutex_);

  Mutex joining_;
  std::thread thread_ GUARDED_BY(joining_);
};

}  // namespace anabranch::processes
