#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "io/clock.h"
#include "lake/delta_log.h"
#include "lake/object_store.h"
#include "model/relation_column.h"

namespace anabranch::lake {

/// What became of a write.
struct DeltaCommit {
  int64_t version = 0;     // of the table that holds it
  bool was_there = false;  // this txn, or a later one of the same writer, had been written before
  bool operator==(const DeltaCommit&) const = default;
};

/// A Delta table that everyone reads: reader version 1, writer version 2. Data files are written by the
/// caller (with select_for_parquet(), under a name of data_file_name(), as the object data_file_key());
/// here they become part of the table.
///
/// Owner: whoever writes the table. Any thread may call; several programs may write the same table.
/// A write is atomic and lands exactly once however often it is called, also after a crash and after an
/// answer that was lost: the log is read again and searched for its own txn before every attempt.
class DeltaTable {
 public:
  /// `key` is the table's folder, e.g. "lake/gold/delay_by_carrier". Reads the log; there may be none yet.
  /// corrupt and refused (see delta_log.h) name the file; refused also when the log begins with a
  /// checkpoint of a kind that reader version 1 has not.
  static Result<std::unique_ptr<DeltaTable>> open(ObjectStore& store, std::string key, io::Clock& clock);

  /// The newest version.
  Result<DeltaSnapshot> snapshot() EXCLUDES(mutex_);

  /// Makes an empty table; conflict when there is one that another txn has made.
  Result<DeltaCommit> create(const std::vector<model::RelationColumn>& columns, const DeltaTxn& txn,
                             const std::map<std::string, std::string>& configuration = {}) EXCLUDES(mutex_);

  /// Adds the files; when a stranger commits meanwhile, on top of that. Columns may be new or missing, but
  /// not of another type. Makes the table when there is none.
  Result<DeltaCommit> append(const std::vector<model::RelationColumn>& columns,
                             const std::vector<DataFile>& files, const DeltaTxn& txn) EXCLUDES(mutex_);

  /// From now on the table is these files and columns, whatever it was. Makes the table when there is none.
  Result<DeltaCommit> replace(const std::vector<model::RelationColumn>& columns,
                              const std::vector<DataFile>& files, const DeltaTxn& txn) EXCLUDES(mutex_);

  /// The files `gone` and `files` hold the same rows: the latter take their place. conflict: one of the
  /// former is not in the table.
  Result<DeltaCommit> rewrite(const std::vector<model::RelationColumn>& columns,
                              const std::vector<std::string>& gone, const std::vector<DataFile>& files,
                              const DeltaTxn& txn) EXCLUDES(mutex_);

  // All writes fail with not_found when a data file is not there, corrupt when it has another size than said,
  // unknown_outcome when the store does not say whether the last attempt landed (call again: it is looked
  // for), retry when strangers won every attempt, and as make_delta_commit().

  /// Which files tidy() leaves where they are, though the table has not got them (any more).
  struct Keep {
    int64_t removed_after_ms = 0;  // those that went later; other programs may still read them
    std::function<bool(const std::string& path)> is_used = nullptr;  // null: none
    /// Whether a name is one that only we give, and nobody is about to add: what no version names goes.
    std::function<bool(const std::string& path)> is_ours = nullptr;  // null: none
  };
  /// Removes files that no version needs which others may go back to, begins the log at a checkpoint and
  /// removes what lies before. Each step leaves a table that every reader can read. Gives the number of files
  /// and of parts of the log that went. Not while somebody writes files that are to be added.
  Result<int64_t> tidy(const Keep& keep) EXCLUDES(mutex_);

  /// Whether the newest commit alone says that this was written: a look, for tables that are not open.
  static Result<bool> newest_commit_is(ObjectStore& store, const std::string& key, const DeltaTxn& txn);

  const std::string& key() const { return key_; }
  std::string data_file_key(const std::string& name) const { return key_ + "/" + name; }

 private:
  DeltaTable(ObjectStore& store, std::string key, io::Clock& clock)
      : store_(store), key_(std::move(key)), clock_(clock) {}
  Result<DeltaCommit> commit(const DeltaWrite& write) EXCLUDES(mutex_);
  Status refresh() REQUIRES(mutex_);
  Status read_beginning() REQUIRES(mutex_);
  Status read_commits() REQUIRES(mutex_);
  Status read_checkpoint(int64_t version, const std::vector<std::string>& keys) REQUIRES(mutex_);
  Result<int64_t> remove_files(const Keep& keep) REQUIRES(mutex_);
  Status write_checkpoint() REQUIRES(mutex_);
  Result<int64_t> remove_log_before(int64_t time_ms) REQUIRES(mutex_);
  Status read_commit(int64_t version) REQUIRES(mutex_);
  Status apply(std::string_view bytes) REQUIRES(mutex_);
  Status make_files_durable(const std::vector<DataFile>& files);
  std::string log_key(int64_t version) const { return key_ + "/_delta_log/" + delta_log_name(version); }

  ObjectStore& store_;
  const std::string key_;
  io::Clock& clock_;
  Mutex mutex_;
  DeltaSnapshot state_ GUARDED_BY(mutex_);       // as of the last time we looked
  int64_t checkpoint_ GUARDED_BY(mutex_) = -1;   // the newest version that has one
  bool is_searched_ GUARDED_BY(mutex_) = false;  // for files that no version names
};

}  // namespace anabranch::lake
