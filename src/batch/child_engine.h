#pragma once

#include <memory>

#include "base/mutex.h"
#include "batch/batch_engine.h"
#include "io/process.h"

namespace anabranch::batch {

/// The embedded default: DuckDB in a child process of this program, so that a build can neither crash the
/// server nor hold its memory. One build at a time; stop() from any thread.
class ChildEngine final : public BatchEngine {
 public:
  /// `program` is run with the arguments and must call build_in_child().
  ChildEngine(io::Path program, std::vector<std::string> arguments)
      : program_(std::move(program)), arguments_(std::move(arguments)) {}

  Result<BuildResult> run(const BuildJob& job,
                          const std::function<void(const BuildProgress&)>& on_progress) override;
  void stop() override EXCLUDES(mutex_);

 private:
  const io::Path program_;
  const std::vector<std::string> arguments_;
  Mutex mutex_;
  bool is_running_ GUARDED_BY(mutex_) = false;         // from the beginning of run() to its end
  io::Process* running_ GUARDED_BY(mutex_) = nullptr;  // once it has started
  bool is_stopped_ GUARDED_BY(mutex_) = false;
};

/// The child's side: the job comes on standard input, progress and result go line by line to standard output.
/// Returns the exit code.
int build_in_child();

}  // namespace anabranch::batch
