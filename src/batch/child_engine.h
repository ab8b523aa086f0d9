#pragma once

#include <functional>
#include <memory>

#include "base/mutex.h"
#include "batch/batch_engine.h"
#include "io/process.h"
#include "lake/object_store.h"

namespace anabranch::batch {

/// The embedded default: DuckDB in a child process of this program, so that a build can neither crash the
/// server nor hold its memory. One build at a time; stop() from any thread.
class ChildEngine final : public BatchEngine {
 public:
  /// `program` is run with the arguments and must call build_in_child(). `lake` tells its OpenLake which lake
  /// to open: that of this process.
  ChildEngine(io::Path program, std::vector<std::string> arguments, std::string lake)
      : program_(std::move(program)), arguments_(std::move(arguments)), lake_(std::move(lake)) {}

  Result<BuildResult> run(const BuildJob& job,
                          const std::function<void(const BuildProgress&)>& on_progress) override;
  void stop() override EXCLUDES(mutex_);

 private:
  const io::Path program_;
  const std::vector<std::string> arguments_;
  const std::string lake_;
  Mutex mutex_;
  bool is_running_ GUARDED_BY(mutex_) = false;         // from the beginning of run() to its end
  io::Process* running_ GUARDED_BY(mutex_) = nullptr;  // once it has started
  bool is_stopped_ GUARDED_BY(mutex_) = false;
};

/// Opens the lake that these words describe.
using OpenLake = std::function<Result<std::unique_ptr<lake::ObjectStore>>(const std::string& lake)>;

/// The child's side: the job comes on standard input, progress and result go line by line to standard output.
/// Returns the exit code.
int build_in_child(const OpenLake& open_lake);

}  // namespace anabranch::batch
