#pragma once
// Long-lived children of ours, which are talked to over a socket. (Children that read, work and end:
// process.h.)

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "io/descriptor.h"
#include "io/file_system.h"
#include "io/process.h"
#include "io/process_terms.h"
#include "io/socket.h"

namespace anabranch::io {

/// Memory of a process, in bytes.
struct ProcessMemory {
  uint64_t anonymous = 0;  // its own, resident: what nobody can take from it
  uint64_t peak = 0;       // the most that was ever resident, files that it maps among it
};

struct SpawnOrder {
  Path program;
  std::vector<std::string> arguments;
  ProcessTerms terms;  // the parent is filled in
};

/// A running child. Owner: whoever started it; one thread calls run(), any thread may call signal().
class SpawnedProcess {
 public:
  /// The place at which the child finds its socket.
  static constexpr int socket_place = 3;

  /// Starts a program. It has `theirs` at socket_place, nothing on its standard input, one pipe to us as its
  /// standard output and errors, and nothing else that this process has open. It is in a process group of its
  /// own (Ctrl-C goes to the parent, which ends its children in order) and has the signals' defaults. It must
  /// take and apply its ProcessTerms first of all. Nothing of this process's memory is copied, not even for a
  /// moment, and the thread that starts it lives as long as this program: the child is not ended when the
  /// caller's thread ends.
  static Result<std::unique_ptr<SpawnedProcess>> start(const SpawnOrder& order, Socket theirs);
  /// Ends it, if nobody has waited for its end.
  ~SpawnedProcess();
  SpawnedProcess(const SpawnedProcess&) = delete;

  struct Watch {
    std::function<void(std::string_view line)> on_line;       // of its output
    std::function<void(const ProcessMemory& now)> on_memory;  // a few times a second
  };
  /// Waits for its end; on the calling thread. Its peak of memory is what was seen of it last.
  Result<ProcessExit> run(const Watch& watch) EXCLUDES(mutex_);

  int pid() const { return pid_; }
  /// Does nothing when it has ended.
  void signal(int number) EXCLUDES(mutex_);

 private:
  SpawnedProcess(int pid, Descriptor output, Descriptor end)
      : pid_(pid), output_(std::move(output)), end_(std::move(end)) {}

  const int pid_;
  Descriptor output_;
  Descriptor end_;  // becomes readable when it has ended
  Mutex mutex_;
  bool is_reaped_ GUARDED_BY(mutex_) = false;
};

/// Of a process that this one may look at. io: it has ended.
Result<ProcessMemory> memory_of(int pid);

}  // namespace anabranch::io
