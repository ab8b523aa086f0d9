#pragma once
// What happened: builds, verdicts, copies. Losing it loses no data and changes no answer.

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "catalog/migration.h"
#include "io/file_system.h"
#include "model/offsets.h"

namespace anabranch::catalog {

class Sqlite;

// Times are microseconds since 1970-01-01 UTC.

enum class BuildState {
  running,
  published,  // its manifest is there
  failed,
  abandoned,  // the program ended while it ran
};

struct BuildStart {
  std::string id;
  std::string reason;  // why it was started, e.g. "asked for", "schedule"
  std::vector<std::string> views;
  model::Offsets cutoff;
  int64_t started_at_us = 0;
  bool operator==(const BuildStart&) const = default;
};

/// What a person should know of a build although it was published.
struct BuildWarning {
  std::string view;  // empty: of no one view
  std::string message;
  bool operator==(const BuildWarning&) const = default;
};

struct BuildEnd {
  BuildState state = BuildState::published;
  int64_t finished_at_us = 0;
  int64_t rows = 0;
  int64_t peak_memory_bytes = 0;
  std::string error;
  std::vector<BuildWarning> warnings = {};
  bool operator==(const BuildEnd&) const = default;
};

struct BuildRun {
  BuildStart start;
  BuildState state = BuildState::running;
  std::optional<BuildEnd> end;  // nothing while it runs
  bool operator==(const BuildRun&) const = default;
};

/// What verify found for a view.
struct VerdictRecord {
  enum class Result { equal, different, failed };
  std::string view;
  Result result = Result::equal;
  int64_t rows = 0;  // compared
  model::Offsets offsets;
  int64_t at_us = 0;
  int64_t elapsed_ms = 0;
  std::string note;
  std::string definition = {};  // hash of what it is a verdict of; another one now: it is stale
  std::string source = {};      // what the events were read from
  std::string sample = {};      // empty: all rows were compared
  bool operator==(const VerdictRecord&) const = default;
};

/// A version of a table that was copied.
struct TableCopy {
  std::string table;
  int64_t version = 0;
  int64_t rows = 0;
  int64_t at_us = 0;
  std::string source;
  bool operator==(const TableCopy&) const = default;
};

/// What a request with an idempotency key was answered.
struct KeyedAnswer {
  std::string route;  // "POST /v1/builds"
  std::string key;
  int64_t fingerprint = 0;  // of the request's body
  std::string body;         // of the answer
  bool operator==(const KeyedAnswer&) const = default;
};

std::string_view to_string(BuildState state);
std::string_view to_string(VerdictRecord::Result result);

/// The catalogue of a data folder: one SQLite file, catalog.db.
/// Owner: the application. Any thread may call any method; several programs may have it open. What a method
/// recorded is durable when it returns. Errors name the file; retry when another program kept it busy for
/// seconds, disk_full, corrupt with what to do.
class Catalog {
 public:
  /// Creates the file, or brings an older one up to date; before that it is copied to
  /// `<path>.before-version-<n>`, n being the version that it gets. When bringing it up to date fails, it is
  /// as it was. corrupt: the file is damaged, or another program's; refused: a newer program wrote it.
  /// `migrations` are all known ones; only tests give others.
  static Result<std::unique_ptr<Catalog>> open(io::FileSystem& files, const io::Path& path,
                                               std::span<const Migration> migrations = catalog::migrations());
  ~Catalog();

  /// conflict when a build has this id.
  Status begin_build(const BuildStart& start) EXCLUDES(mutex_);
  /// not_found when there is no such build, conflict when it has ended. bad_input: running is no end.
  Status finish_build(const std::string& id, const BuildEnd& end) EXCLUDES(mutex_);
  /// At most `limit`, the one begun last first.
  Result<std::vector<BuildRun>> builds(size_t limit) EXCLUDES(mutex_);
  /// Ends all builds that run, as abandoned; gives their ids. For the start of the one program that builds.
  Result<std::vector<std::string>> abandon_running(int64_t at_us) EXCLUDES(mutex_);

  Status record_verdict(const VerdictRecord& verdict) EXCLUDES(mutex_);
  /// The last one recorded of each view, by name.
  Result<std::vector<VerdictRecord>> last_verdicts() EXCLUDES(mutex_);

  Status record_copy(const TableCopy& copy) EXCLUDES(mutex_);
  /// At most `limit`, the one recorded last first.
  Result<std::vector<TableCopy>> copies(size_t limit) EXCLUDES(mutex_);

  /// Of each list the newest so many stay; of verdicts the last of each view too, and of builds those that
  /// run.
  Status forget_old(size_t kept) EXCLUDES(mutex_);
  /// Verdicts of views that are none of these go: what comes by such a name later is another view.
  Status keep_verdicts_of(const std::set<std::string>& views) EXCLUDES(mutex_);

  /// The last 10,000 are kept. conflict when there is one already.
  Status keep_keyed_answer(const KeyedAnswer& answer) EXCLUDES(mutex_);
  Result<std::optional<KeyedAnswer>> keyed_answer(std::string_view route, std::string_view key)
      EXCLUDES(mutex_);

 private:
  Catalog(io::Path path, std::unique_ptr<Sqlite> database);

  const io::Path path_;
  Mutex mutex_;
  const std::unique_ptr<Sqlite> database_;  // used with mutex_ held
};

}  // namespace anabranch::catalog
