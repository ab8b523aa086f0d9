#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "front/project_diff.h"
#include "front/project_drop.h"
#include "front/project_plan.h"
#include "quality/verifier.h"
#include "security/caller.h"

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

/// What verify found last of a view.
struct LastVerdict {
  catalog::VerdictRecord record;
  bool is_stale = false;  // of another definition than the one that runs
};

/// A port of the platform, the same for every door: the project that runs, how its views are computed, and
/// the work that goes with it. What a caller may see and order is decided below it (GuardedBuilds), in the
/// process where names have their meaning; it may be another one than that of the doors. Any thread may call;
/// blocking ones belong on worker threads. Where the platform cannot be asked the error is unavailable, and
/// what has no error is told as if there were none of it; faults() then says so.
class Builds {
 public:
  virtual ~Builds() = default;

  // ---- what is, as far as the caller may see it ----
  /// A model's SQL is there for who sees its view whole.
  virtual Result<std::vector<ModelInfo>> models(const security::Caller& caller) const = 0;
  virtual Result<std::vector<RunningTask>> tasks(const security::Caller& caller) const = 0;
  /// Sorted by what they are of; empty where all is as it should be.
  virtual std::vector<Fault> faults(const security::Caller& caller) const = 0;
  virtual std::optional<PublishedBuild> published_build(const security::Caller& caller) const = 0;
  /// The newest ones first. A warning of a view is told to who sees it whole.
  virtual Result<std::vector<catalog::BuildRun>> builds(const security::Caller& caller, size_t limit) = 0;
  /// How far the newest ones are, the newest first; of their names nothing is told.
  virtual Result<std::vector<std::pair<std::string, catalog::BuildState>>> states(size_t limit) = 0;
  /// By view; for who sees it whole.
  virtual Result<std::map<std::string, LastVerdict>> last_verdicts(const security::Caller& caller) = 0;
  /// As it was within the last ten seconds.
  virtual Storage storage() = 0;
  virtual std::optional<RunningBuild> running_build() const = 0;
  /// Of the newest build; nothing: there is none.
  virtual std::optional<int64_t> published_at_us() const = 0;
  /// Files of the project that are not as they run, relative to its root: looked at now, or within the last
  /// two seconds.
  /// Those of views and streams that are there for the caller. refused without the right to read the project.
  virtual Result<std::vector<std::string>> changed_files(const security::Caller& caller, bool is_fresh) = 0;

  // ---- work ----
  // refused without the right to it, not_found for a name that is not there for the caller; then nothing is
  // begun. Of an error that the work ends in, only its code is told to who does not see all that was touched.

  /// Blocks until published; gives the build's id. conflict while another one runs.
  virtual Result<std::string> build(const security::Caller& caller, const std::vector<std::string>& views,
                                    const std::string& reason) = 0;
  /// Takes over the project's files as they are now, all or nothing, or shows what that would change. Blocks;
  /// ingestion and reads go on. bad_input with every mistake of the files; conflict while a build runs.
  /// To be shown it is to read the project.
  virtual Result<ProjectPlan> apply(const security::Caller& caller, const ApplyRequest& request) = 0;
  /// What the files of a project would change, of the project and of the rows of its views; rows are shown to
  /// who sees everything whole, since it may be any project. Blocks; changes nothing. bad_input with every
  /// mistake of files that are no project.
  virtual Result<ProjectDiff> diff(const security::Caller& caller, const DiffRequest& request) = 0;
  /// Removes for ever what is stored of streams, tables and views that the project does not have, or shows
  /// it. Blocks. not_found for a name of which there is nothing; conflict for one that the project has,
  /// while somebody reads it still, or while a build runs.
  virtual Result<ProjectDrop> drop(const security::Caller& caller, const DropRequest& request) = 0;
  /// verify() of the verifier (no view: of all that the caller sees), its verdicts kept in the catalogue;
  /// differences and notes are shown to who sees their view whole.
  virtual Result<std::vector<quality::Verdict>> verify(const security::Caller& caller,
                                                       const quality::Verifier::Request& request) = 0;
  /// Ends a task, soon. not_found: it is not running.
  virtual Status cancel(const security::Caller& caller, const std::string& task) = 0;

  // Whether such an order would begin; asked too before one that is repeated has the answer that it had.
  virtual Status may_build(const security::Caller& caller, const std::vector<std::string>& views) const = 0;
  virtual Status may_verify(const security::Caller& caller, const std::vector<std::string>& views) const = 0;
  virtual Status may_apply(const security::Caller& caller, const ApplyRequest& request) const = 0;
  virtual Status may_drop(const security::Caller& caller, const DropRequest& request) const = 0;

  // ---- what is carried out once ----
  virtual Result<std::optional<catalog::KeyedAnswer>> keyed_answer(std::string_view route,
                                                                   std::string_view key) = 0;
  virtual Status keep_keyed_answer(const catalog::KeyedAnswer& answer) = 0;
};

}  // namespace anabranch::front
