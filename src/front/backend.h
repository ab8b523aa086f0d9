#pragma once
// What the HTTP API needs of the application. Implemented by src/app.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "front/project_diff.h"
#include "front/project_drop.h"
#include "front/project_plan.h"
#include "ingest/ingestor.h"
#include "quality/verifier.h"
#include "serve/query_service.h"
#include "speed/speed_layer.h"

namespace anabranch::front {

struct RunningBuild {
  std::string id;
  std::string stage;
  int64_t done = 0;
  int64_t total = 0;
  int64_t started_at_us = 0;
};

struct PublishedBuild {
  std::string id;
  model::Offsets cutoff;
  int64_t published_at_us = 0;
};

/// A model as the page shows it.
struct ModelInfo {
  std::string name;
  std::string layer;
  std::string file;
  std::string sql;
  std::string description;
};

struct TableInfo {
  std::string name;  // without "bronze."
  int64_t version = 0;
  int64_t pinned_version = 0;  // 0: none yet
  int64_t rows = 0;
  int64_t copied_at_us = 0;
  bool is_in_place = false;  // the pinned version is read from its file
};

struct TableCopied {
  std::string name;
  int64_t version = 0;
  int64_t rows = 0;
  bool has_changed = false;
};

/// A build, copy, import or verify that runs.
struct RunningTask {
  std::string id;
  std::string kind;
  std::string of;  // what it works on, for people
  int64_t started_at_us = 0;
  int64_t limit_us = 0;    // it is ended when it takes longer
  bool is_ending = false;  // cancelled, or over its limit
};

/// What the data folder takes on the disk.
struct Storage {
  uint64_t log_bytes = 0;  // with bulk files and quarantine
  uint64_t bronze_bytes = 0;
  uint64_t silver_bytes = 0;
  uint64_t gold_bytes = 0;
  uint64_t states_bytes = 0;  // of builds, and of what came after them
  uint64_t other_bytes = 0;   // manifests, the catalogue, …
  uint64_t free_bytes = 0;    // that the disk has left
};

/// What cannot be served, or not as it should be.
struct Fault {
  std::string of;  // "bronze.planes", "gold.daily", "build 20261123T093700Z-2f01"
  Error error;     // its code is unavailable: what, where and what to do
};

/// Any thread may call any method; blocking ones belong on worker threads.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string project_name() const = 0;
  virtual int64_t started_at_us() const = 0;
  virtual bool is_ready()
      const = 0;  // false while the log is replayed: then only healthz, readyz, status answer

  /// Null: unknown, or taken out of the project, also since stream_names() named it.
  virtual ingest::Ingestor* stream(const std::string& name) = 0;
  virtual std::vector<std::string> stream_names() const = 0;
  /// An error (overloaded) when ingestion must wait for a build.
  virtual Status may_ingest() const = 0;
  virtual model::Offsets archived() const = 0;

  virtual serve::QueryService& queries() = 0;  // the next four only when ready
  virtual speed::SpeedLayer& speed() = 0;
  virtual quality::Verifier& verifier() = 0;
  virtual catalog::Catalog& catalog() = 0;

  virtual std::vector<ModelInfo> models() const = 0;
  virtual std::vector<TableInfo> tables() = 0;
  virtual std::vector<RunningTask> tasks() const = 0;
  /// Ends a task, soon. not_found: it is not running.
  virtual Status cancel(const std::string& task) = 0;
  /// Sorted by what they are of; empty where all is as it should be.
  virtual std::vector<Fault> faults() const = 0;
  /// As it was within the last ten seconds.
  virtual Storage storage() = 0;
  virtual std::optional<PublishedBuild> published_build() const = 0;
  virtual std::optional<RunningBuild> running_build() const = 0;

  /// Blocks until published; gives the build's id. conflict while another one runs.
  virtual Result<std::string> build(const std::vector<std::string>& views, const std::string& reason) = 0;
  /// Takes over the project's files as they are now, all or nothing, or shows what that would change. Blocks;
  /// ingestion and reads go on. bad_input with every mistake of the files; conflict while a build runs.
  virtual Result<ProjectPlan> apply(const ApplyRequest& request) = 0;
  /// What the files of a project would change, of the project and of the rows of its views. Blocks; changes
  /// nothing. bad_input with every mistake of files that are no project.
  virtual Result<ProjectDiff> diff(const DiffRequest& request) = 0;
  /// Removes for ever what is stored of streams, tables and views that the project does not have, or shows
  /// it. Blocks. not_found for a name of which there is nothing; conflict for one that the project has,
  /// while somebody reads it still, or while a build runs.
  virtual Result<ProjectDrop> drop(const DropRequest& request) = 0;
  /// Files of the project that are not as they run, relative to its root: looked at now, or within the last
  /// two seconds.
  virtual std::vector<std::string> changed_files(bool is_fresh) = 0;
  /// Copies the tables of these sources (all when empty). Blocks.
  virtual Result<std::vector<TableCopied>> copy(const std::vector<std::string>& sources) = 0;
  /// Takes a Parquet file on this machine in as one log record. Blocks.
  virtual Result<ingest::Accepted> ingest_file(const std::string& stream, const std::string& path,
                                               const std::optional<ingest::Sender>& sender,
                                               std::optional<model::Partition> partition) = 0;
  /// verify() of the verifier, its verdicts kept in the catalogue.
  virtual Result<std::vector<quality::Verdict>> verify(const quality::Verifier::Request& request) = 0;
  /// The events recorded against a view, with their message and raw text.
  struct ViewError {
    std::string stream;
    model::Partition partition = 0;
    model::Offset offset = 0;
    std::string message;
    std::string raw;
  };
  struct ViewErrors {
    int64_t total = 0;
    std::vector<ViewError> errors;
  };
  virtual Result<ViewErrors> view_errors(const std::string& view, size_t limit) = 0;
};

}  // namespace anabranch::front
