#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "io/clock.h"
#include "lake/delta_log.h"
#include "lake/object_store.h"

namespace anabranch::lake {

/// What became of a write.
struct DeltaCommit {
  int64_t version = 0;     // of the table that holds it
  bool was_there = false;  // this txn, or a later one of the same writer, had been written before
  bool operator==(const DeltaCommit&) const = default;
};

/// A Delta table that everyone reads: reader version 1, writer version 2. Data files are written by the
/// caller (with select_for_parquet(), under a name of data_file_name(), to data_file_key()'s local_path());
/// here they become part of the table.
///
/// Owner: whoever writes the table. Any thread may call; several programs may write the same table.
/// A write is atomic and lands exactly once however often it is called, also after a crash and after an
/// answer that was lost: the log is read again and searched for its own txn before every attempt.
class DeltaTable {
 public:
  /// `key` is the table's folder, e.g. "lake/gold/delay_by_carrier". Reads the log; there may be none yet.
  /// corrupt and refused (see delta_log.h) name the file; refused also when the log's beginning lies in a
  /// checkpoint of another program, as we do not read those.
  static Result<std::unique_ptr<DeltaTable>> open(ObjectStore& store, std::string key, io::Clock& clock);

  /// The newest version.
  Result<DeltaSnapshot> snapshot() EXCLUDES(mutex_);

  /// Makes an empty table; conflict when there is one that another txn has made.
  Result<DeltaCommit> create(const std::vector<sql::OutputColumn>& columns, const DeltaTxn& txn,
                             const std::map<std::string, std::string>& configuration = {}) EXCLUDES(mutex_);

  /// Adds the files; when a stranger commits meanwhile, on top of that. Columns may be new or missing, but
  /// not of another type. Makes the table when there is none.
  Result<DeltaCommit> append(const std::vector<sql::OutputColumn>& columns,
                             const std::vector<DataFile>& files, const DeltaTxn& txn) EXCLUDES(mutex_);

  /// From now on the table is these files and columns, whatever it was. Makes the table when there is none.
  Result<DeltaCommit> replace(const std::vector<sql::OutputColumn>& columns,
                              const std::vector<DataFile>& files, const DeltaTxn& txn) EXCLUDES(mutex_);

  // All writes fail with not_found when a data file is not there, corrupt when it has another size than said,
  // unknown_outcome when the store does not say whether the last attempt landed (call again: it is looked
  // for), retry when strangers won every attempt, and as make_delta_commit().

  const std::string& key() const { return key_; }
  std::string data_file_key(const std::string& name) const { return key_ + "/" + name; }

 private:
  DeltaTable(ObjectStore& store, std::string key, io::Clock& clock)
      : store_(store), key_(std::move(key)), clock_(clock) {}
  Result<DeltaCommit> commit(const DeltaWrite& write) EXCLUDES(mutex_);
  Status refresh() REQUIRES(mutex_);
  Status check_log_begins() REQUIRES(mutex_);
  Status read_commit(int64_t version) REQUIRES(mutex_);
  Status apply(std::string_view bytes) REQUIRES(mutex_);
  Status make_files_durable(const std::vector<DataFile>& files);
  std::string log_key(int64_t version) const { return key_ + "/_delta_log/" + delta_log_name(version); }

  ObjectStore& store_;
  const std::string key_;
  io::Clock& clock_;
  Mutex mutex_;
  DeltaSnapshot state_ GUARDED_BY(mutex_);  // as of the last time we looked
};

}  // namespace anabranch::lake
