#pragma once
// The port of the slot "batch engine": computes the states and results of views up to a cut-off.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/manifest.h"
#include "model/offsets.h"
#include "views/world.h"

namespace anabranch::batch {

struct BuildJob {
  std::string build_id;
  std::string data_folder;         // absolute; everything that is written lies below it
  std::vector<std::string> views;  // to be computed, all of the world's when empty
  model::Offsets cutoff;           // by stream, names without "bronze."
  /// By "bronze.<stream>", for each of its partitions: bronze files that reach the cut-off.
  std::map<std::string, std::vector<std::vector<std::string>>> archives;
  int threads = 2;
  uint64_t memory_bytes_max = 0;  // 0: the engine's default
  views::World world;

  std::string to_json() const;
  static Result<BuildJob> from_json(std::string_view json);
};

struct BuildResult {
  std::map<std::string, lake::ViewBuild> views;  // cutoff and plan_hash filled in
  /// Views that their data made fail, with why. One that is in `views` too has its states, but no result; of
  /// one that is not there is nothing.
  std::map<std::string, std::string> failed;
  int64_t rows = 0;
  uint64_t peak_memory_bytes = 0;
};

/// What is being done: "views", 3 of 9.
struct BuildProgress {
  std::string stage;
  std::string view;
  int64_t done = 0;
  int64_t total = 0;
};

class BatchEngine {
 public:
  virtual ~BatchEngine() = default;
  /// Blocks until done. Files lie on the disk when it returns, not yet durable and not yet visible. cancelled
  /// after stop(). What a view's own data makes fail is no error but in `failed`, and stops no other view;
  /// errors that are (no memory, a full disk) name the view.
  virtual Result<BuildResult> run(const BuildJob& job,
                                  const std::function<void(const BuildProgress&)>& on_progress) = 0;
  /// Ends the running build at once. Any thread.
  virtual void stop() = 0;
};

}  // namespace anabranch::batch
