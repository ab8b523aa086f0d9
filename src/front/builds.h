#pragma once

#include <map>
#include <memory>
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
#include "security/policy.h"

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
/// the work that goes with it. What is asked below the line is for who implements it; no door can reach that.
/// Any thread may call; blocking ones belong on worker threads.
class Builds {
 public:
  explicit Builds(std::shared_ptr<const security::Policy> policy) : policy_(std::move(policy)) {}
  virtual ~Builds() = default;
  Builds(const Builds&) = delete;
  Builds& operator=(const Builds&) = delete;

  // ---- what is, as far as the caller may see it ----
  /// A model's SQL is there for who sees its view whole.
  std::vector<ModelInfo> models(const security::Caller& caller) const;
  std::vector<RunningTask> tasks(const security::Caller& caller) const;
  /// Sorted by what they are of; empty where all is as it should be.
  std::vector<Fault> faults(const security::Caller& caller) const;
  std::optional<PublishedBuild> published_build(const security::Caller& caller) const;
  /// The newest ones first. A warning of a view is told to who sees it whole.
  Result<std::vector<catalog::BuildRun>> builds(const security::Caller& caller, size_t limit);
  /// How far the newest ones are, the newest first; of their names nothing is told.
  Result<std::vector<std::pair<std::string, catalog::BuildState>>> states(size_t limit);
  /// By view; for who sees it whole.
  Result<std::map<std::string, LastVerdict>> last_verdicts(const security::Caller& caller);
  /// As it was within the last ten seconds.
  virtual Storage storage() = 0;
  virtual std::optional<RunningBuild> running_build() const = 0;
  /// Of the newest build; nothing: there is none.
  std::optional<int64_t> published_at_us() const;
  /// Files of the project that are not as they run, relative to its root: looked at now, or within the last
  /// two seconds.
  /// Those of views and streams that are there for the caller. refused without the right to read the project.
  Result<std::vector<std::string>> changed_files(const security::Caller& caller, bool is_fresh);

  // ---- work ----
  // refused without the right to it, not_found for a name that is not there for the caller; then nothing is
  // begun. Of an error that the work ends in, only its code is told to who does not see all that was touched.

  /// Blocks until published; gives the build's id. conflict while another one runs.
  Result<std::string> build(const security::Caller& caller, const std::vector<std::string>& views,
                            const std::string& reason);
  /// Takes over the project's files as they are now, all or nothing, or shows what that would change. Blocks;
  /// ingestion and reads go on. bad_input with every mistake of the files; conflict while a build runs.
  /// To be shown it is to read the project.
  Result<ProjectPlan> apply(const security::Caller& caller, const ApplyRequest& request);
  /// What the files of a project would change, of the project and of the rows of its views; rows are shown to
  /// who sees everything whole, since it may be any project. Blocks; changes nothing. bad_input with every
  /// mistake of files that are no project.
  Result<ProjectDiff> diff(const security::Caller& caller, const DiffRequest& request);
  /// Removes for ever what is stored of streams, tables and views that the project does not have, or shows
  /// it. Blocks. not_found for a name of which there is nothing; conflict for one that the project has,
  /// while somebody reads it still, or while a build runs.
  Result<ProjectDrop> drop(const security::Caller& caller, const DropRequest& request);
  /// verify() of the verifier (no view: of all that the caller sees), its verdicts kept in the catalogue;
  /// differences and notes are shown to who sees their view whole.
  Result<std::vector<quality::Verdict>> verify(const security::Caller& caller,
                                               const quality::Verifier::Request& request);
  /// Ends a task, soon. not_found: it is not running.
  Status cancel(const security::Caller& caller, const std::string& task);

  // Whether such an order would begin; asked too before one that is repeated has the answer that it had.
  Status may_build(const security::Caller& caller, const std::vector<std::string>& views) const;
  Status may_verify(const security::Caller& caller, const std::vector<std::string>& views) const;
  Status may_apply(const security::Caller& caller, const ApplyRequest& request) const;
  Status may_drop(const security::Caller& caller, const DropRequest& request) const;

  // ---- what is carried out once ----
  Result<std::optional<catalog::KeyedAnswer>> keyed_answer(std::string_view route, std::string_view key);
  Status keep_keyed_answer(const catalog::KeyedAnswer& answer);

 protected:
  // ---- what the application gives ----
  virtual std::vector<ModelInfo> models() const = 0;
  virtual std::vector<RunningTask> tasks() const = 0;
  virtual std::vector<Fault> faults() const = 0;
  virtual std::optional<PublishedBuild> published_build() const = 0;
  virtual std::vector<std::string> changed_files(bool is_fresh) = 0;
  virtual Result<std::string> build(const std::vector<std::string>& views, const std::string& reason) = 0;
  virtual Result<ProjectPlan> apply(const ApplyRequest& request) = 0;
  virtual Result<ProjectDiff> diff(const DiffRequest& request) = 0;
  virtual Result<ProjectDrop> drop(const DropRequest& request) = 0;
  virtual Result<std::vector<quality::Verdict>> verify(const quality::Verifier::Request& request) = 0;
  virtual Status cancel(const std::string& task) = 0;
  virtual catalog::Catalog& catalog() = 0;
  /// The one that answers are given under; null while there is none yet.
  virtual std::shared_ptr<const views::World> world() const = 0;

 private:
  bool sees(const security::Caller& caller, std::string_view name) const;
  bool sees_below(const security::Caller& caller, const std::string& view) const;
  bool sees_all_below(const security::Caller& caller, const std::vector<std::string>& views) const;
  bool sees_all(const security::Caller& caller) const;
  bool sees_file(const security::Caller& caller, const std::string& file) const;
  Status check_views(const security::Caller& caller, const std::vector<std::string>& views) const;
  Status check_each(const security::Caller& caller, security::Right right,
                    const std::vector<std::string>& views) const;
  void keep_seen_of(ProjectPlan& plan, const security::Caller& caller, bool is_whole) const;
  const std::shared_ptr<const security::Policy> policy_;
};

}  // namespace anabranch::front
