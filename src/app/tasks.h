#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "front/builds.h"
#include "io/clock.h"

namespace anabranch::app {

class Tasks;

/// A new one, of a build or another task; sorted by time.
std::string new_task_id(io::Clock& clock);

/// One build, copy, import or verify, from its begin to the end of this object. Its thread owns it.
class Task {
 public:
  ~Task();
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  const std::string& id() const { return id_; }
  /// An error once it has to end: cancelled, timeout, or unavailable when the server stops.
  Status check() const;
  bool was_cancelled() const;

  /// While this lives, `kill` ends what the task waits for: called by another thread, once and again, from
  /// the moment on when the task has to end.
  class Killing {
   public:
    Killing(Task& task, std::function<void()> kill);
    ~Killing();
    Killing(const Killing&) = delete;
    Killing& operator=(const Killing&) = delete;

   private:
    Task& task_;
  };

 private:
  friend class Tasks;
  Task(Tasks& owner, std::string id, std::string kind, std::string of, int64_t limit_us, std::string setting);
  Status check_now(int64_t now_us, bool is_stopping) const;  // under the owner's mutex

  Tasks& owner_;
  const std::string id_;
  const std::string kind_;
  const std::string of_;
  const int64_t limit_us_;
  const std::string setting_;  // that says the limit
  const int64_t started_at_us_;
  const int64_t started_us_;
  // Under the owner's mutex.
  bool is_cancelled_ = false;
  std::function<void()> kill_;
};

/// All tasks that run. Ends those that somebody cancels or that reach their limit, whatever they wait for: a
/// child that is stopped too. Owner: the platform. Any thread.
class Tasks {
 public:
  explicit Tasks(io::Clock& clock);
  ~Tasks();  // stop(); every task has ended before

  /// `kind`: "build"; `of`: what it works on, for people; `setting`: the key under `limits` that says the
  /// limit. unavailable when stopping.
  Result<std::unique_ptr<Task>> begin(std::string id, std::string kind, std::string of, uint64_t limit_ms,
                                      std::string setting) EXCLUDES(mutex_);
  std::vector<front::RunningTask> list() const EXCLUDES(mutex_);
  /// It ends soon after. not_found: no such task (any more).
  Status cancel(const std::string& id) EXCLUDES(mutex_);
  /// Ends all, and lets none begin.
  void stop() EXCLUDES(mutex_);

 private:
  friend class Task;
  void watch() EXCLUDES(mutex_);

  io::Clock& clock_;
  mutable Mutex mutex_;
  std::condition_variable changed_;
  std::list<Task*> tasks_ GUARDED_BY(mutex_);
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  bool is_over_ GUARDED_BY(mutex_) = false;
  std::thread watch_;
};

}  // namespace anabranch::app
