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
  std::string work_folder;         // absolute; the engine's own, and gone when run() returns
  std::vector<std::string> views;  // to be computed, all of the world's when empty
  model::Offsets cutoff;           // by stream, names without "bronze."
  /// By "bronze.<stream>", for each of its partitions: bronze files that reach the cut-off, as
  /// sql::object_url() names them.
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
  uint64_t peak_memory_bytes = 0;  // of the process that built; 0: not known
};

/// What is being done: "views", 3 of 9.
struct BuildProgress {
  std::string stage;
  std::string view;
  int64_t done = 0;
  int64_t total = 0;
};

/// What a build adds to the lake, whoever did it: objects whose keys carry the build's id.
/// - `serving/<build>.duckdb`: states, one table `"<view>#<part>"` for each part of a plan, with the columns
///   that the plan names, sorted by its keys. A database file of the engine (DuckDB) in the storage format
///   that its version 1.0 introduced and every later one reads; so an engine that is none writes it with
///   DuckDB.
/// - `serving/<build>/<view>.parquet`: rows of linear views, as lake::select_for_rows() has them.
/// - `lake/<layer>/<name>/part-00000-<build>.parquet`: results of materialised views, as
///   lake::select_for_parquet() has them; a data file of the view's Delta table, which no log names yet.
/// Parquet files are of format version 1 (pages of version 1, Snappy), without Bloom filters.
///
/// Owner: the platform. One build at a time. Every adapter passes batch_engine_contract.h.
class BatchEngine {
 public:
  virtual ~BatchEngine() = default;
  /// Blocks until done. The objects are there when it returns, not yet durable and not yet visible: nothing
  /// that a reader looks at names them. cancelled when it was stopped. What a view's own data makes fail is
  /// no error but in `failed`, and stops no other view; errors that are (no memory, a full disk, a file of
  /// the archive that is missing or damaged) name the view or the file. After an error, what was written so
  /// far is the caller's to remove, by the build's id. Progress is told in order, by one thread at a time:
  /// each view when it begins, `done` never falls, and the last one says that all are done.
  virtual Result<BuildResult> run(const BuildJob& job,
                                  const std::function<void(const BuildProgress&)>& on_progress) = 0;
  /// Ends the build that runs, soon, from the call of run() on. Any thread, also from within on_progress.
  /// Does nothing when none runs: the next is another build. So who may come before run() was called calls
  /// again.
  virtual void stop() = 0;
};

}  // namespace anabranch::batch
