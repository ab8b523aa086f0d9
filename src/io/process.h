#pragma once
// Child processes: for work that must not be able to hurt the server.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"

namespace anabranch::io {

struct ProcessExit {
  int code = 0;    // exit code, when signal is 0
  int signal = 0;  // what ended it, when not 0
  uint64_t peak_memory_bytes = 0;
  std::string errors;  // the end of what it wrote to standard error
  bool is_success() const { return code == 0 && signal == 0; }
};

/// A running child. Owner: whoever started it; one thread calls run(), any thread may call kill().
class Process {
 public:
  virtual ~Process() = default;
  /// Waits for the end; gives each line of its standard output to on_line as it comes.
  virtual Result<ProcessExit> run(const std::function<void(std::string_view)>& on_line) = 0;
  /// Ends it at once; run() then returns. Does nothing when it has ended.
  virtual void kill() = 0;
};

/// From now on the calling thread waits for others that want the processor: for work that can be late (Linux:
/// the thread's nice value).
void yield_to_other_threads();

/// Starts a program with arguments; `input` is its standard input. The child dies with its parent (Linux), so
/// that no child of a killed server goes on writing, and runs at a lower priority than its parent.
Result<std::unique_ptr<Process>> start_process(const Path& program, const std::vector<std::string>& arguments,
                                               std::string input);

/// Ends every child that runs now, as kill() does; whoever waits for one goes on. For the end of a program,
/// which must not wait for a child that is stopped.
void kill_all_processes();

/// The program that is running.
Result<Path> own_program();

/// Bytes of memory that this process holds now (resident set).
uint64_t own_memory_bytes();

}  // namespace anabranch::io
