#pragma once
// A child process of ours that stays, and is talked to.

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "io/file_system.h"
#include "io/process.h"
#include "io/socket.h"
#include "io/spawned_process.h"

namespace anabranch::processes {

struct ChildOrder {
  std::string kind;  // "engine": what people call it
  io::Path program;
  std::vector<std::string> arguments;
  int nice = 0;
  // Of its own, resident; with more it is ended within a fifth of a second. 0: no limit.
  uint64_t memory_bytes_max = 0;
  uint64_t data_bytes_max = 0;  // that it may ask the system for, used or not; 0: no limit
  int oom_score_adj = 0;
  // Of its output; on the thread that looks at its memory too, so it must not block.
  std::function<void(std::string_view line)> on_line;
};

/// How a child ended.
struct ChildEnd {
  io::ProcessExit exit;
  std::string why;  // "used more than 800 MB of memory and was ended": to follow the name of the child
};

/// Runs from start() on; who destroys it ends it. Any thread may call. It ends with this process, however
/// that ends (spawned_process.h).
class Child {
 public:
  /// `on_end` is called once when it has ended, on a thread of the child's; may be empty.
  static Result<std::unique_ptr<Child>> start(ChildOrder order, std::function<void()> on_end);
  ~Child();
  Child(const Child&) = delete;

  int pid() const { return process_->pid(); }
  /// Our end of the connection with it; once.
  io::Socket take_socket() { return std::move(socket_); }
  /// What it held when that was looked at last: its own memory, resident.
  uint64_t memory_bytes() const { return memory_bytes_.load(); }

  /// SIGTERM.
  void terminate() { process_->signal(SIGTERM); }
  /// SIGKILL. `why` is how it ended, if it ends by this: "did not answer for 3 s and was ended".
  void kill(std::string why) EXCLUDES(mutex_);
  /// Waits for its end, at most so long (less than 0: for ever); nothing: it still runs.
  std::optional<ChildEnd> wait(int64_t timeout_us) EXCLUDES(mutex_);

 private:
  Child(ChildOrder order, std::unique_ptr<io::SpawnedProcess> process, io::Socket socket,
        std::function<void()> on_end);
  void watch(const std::function<void()>& on_end) EXCLUDES(mutex_);

  const ChildOrder order_;
  const std::unique_ptr<io::SpawnedProcess> process_;
  io::Socket socket_;
  std::atomic<uint64_t> memory_bytes_ = 0;
  Mutex mutex_;
  std::condition_variable changed_;
  std::string killed_because_ GUARDED_BY(mutex_);
  std::optional<ChildEnd> end_ GUARDED_BY(mutex_);
  std::thread watcher_;
};

}  // namespace anabranch::processes
