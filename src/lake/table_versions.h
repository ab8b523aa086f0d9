#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "io/clock.h"
#include "lake/data_file.h"
#include "lake/object_store.h"
#include "model/relation_column.h"

namespace anabranch::lake {

/// A table as a copy found it: one Parquet file, whose row numbers are the order of its rows. Immutable.
struct TableVersion {
  std::string table;    // e.g. "airlines"
  int64_t version = 0;  // from 1, without gaps from the oldest that is kept
  DataFile file;        // below lake/bronze/<table>
  std::vector<model::RelationColumn>
      columns;  // SQL types; the file has them as select_for_parquet() wrote them
  int64_t copied_at_us = 0;
  std::string content_hash;
  int64_t memory_bytes = 0;  // about, as a table of an engine; 0: not known (older versions)
  bool operator==(const TableVersion&) const = default;

  /// The key of the file: "lake/bronze/airlines/part-00000-….parquet".
  std::string file_key() const;
};

/// The versions of the tables that are copied from databases and files: lake/tables/<table>/<version>.json.
/// The Delta table lake/bronze/<table> follows them.
///
/// Owner: the application. Any thread may call; one copy of a table at a time, a second one gets a conflict.
class TableVersions {
 public:
  TableVersions(ObjectStore& store, io::Clock& clock) : store_(store), clock_(clock) {}

  /// Oldest first; empty for a table that was never copied.
  Result<std::vector<TableVersion>> list(const std::string& table);
  /// Nothing for a table that was never copied.
  Result<std::optional<TableVersion>> latest(const std::string& table);
  /// not_found names the table and the version.
  Result<TableVersion> get(const std::string& table, int64_t version);
  /// The names of all tables that were copied, sorted.
  Result<std::vector<std::string>> tables();

  /// Adds the version after the latest and gives it; version, table and time of `copy` are filled in here.
  /// When the latest has the same content hash and columns, that one is given and nothing changes: the new
  /// file is the caller's to remove. Its file is durable before the version is there, and both when it
  /// returns. not_found or corrupt: the file is not there, or not as long as said. conflict: another copy
  /// added a version meanwhile. unknown_outcome: call again.
  /// `is_always`: a version of its own although the latest has the same content, whose file was lost.
  Result<TableVersion> add(const std::string& table, TableVersion copy, bool is_always = false);

  /// Removes the versions before `first`, oldest first; never the latest. Their files go with tidy_delta().
  Status forget_before(const std::string& table, int64_t first);

  /// Removes the files of the Delta table that it replaced before `removed_after_ms` and that no version
  /// which is kept names. `is_quiet`: nobody copies the table now, so what a crash left goes, too.
  Status tidy_delta(const std::string& table, int64_t removed_after_ms, bool is_quiet);

  /// Brings the Delta table up to the latest version, each version a commit of its own; what it has already
  /// stays. Call it after add(), and for all tables at a start.
  Status write_delta(const std::string& table);

 private:
  Result<std::vector<int64_t>> versions(const std::string& table);

  ObjectStore& store_;
  io::Clock& clock_;
  Mutex delta_mutex_;  // of Delta tables, while one is written or tidied
};

/// Where the file of a copy is to be written.
std::string table_file_key(const std::string& table, const std::string& file_name);

}  // namespace anabranch::lake
