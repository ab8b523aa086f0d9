#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "lake/object_store.h"
#include "lake/table_versions.h"
#include "sql/database.h"
#include "views/world.h"

namespace anabranch::app {

/// What a view says that reads a table which nobody has copied.
Error never_copied(const std::string& table);

/// Which version of each table the views read, and where its rows lie: in the engine's memory, the smallest
/// tables first, or in their files. What is wrong with one table stays with that table.
/// Owner: the platform. choose() and load() by one thread at a time; any may call check_file().
class Tables {
 public:
  /// All outlive it. `memory_bytes_max`: of all tables in memory together.
  Tables(lake::TableVersions& versions, lake::ObjectStore& store, sql::Database& database,
         uint64_t memory_bytes_max)
      : versions_(versions), store_(store), database_(database), memory_bytes_max_(memory_bytes_max) {}

  struct Chosen {
    std::map<std::string, views::PinnedTable> tables;  // by "bronze.<table>"
    std::map<std::string, Error> absent;  // not_found: never copied; unavailable: it cannot be read
  };
  /// The version that `pins` names, or else the newest, of each of these tables (names without "bronze.").
  /// A pinned version whose file is damaged is read from another version with the same rows, where there is
  /// one.
  Chosen choose(const std::vector<std::string>& tables, const std::map<std::string, int64_t>& pins);

  /// Loads the tables of a world that belong into memory: "bronze.planes" → its table there. Nothing when one
  /// of them did not fit or could not be read: choose() again, which knows it then.
  Result<std::optional<std::map<std::string, std::string>>> load(const views::World& world);

  /// Whether a version's file is there as it was written, as far as its size says.
  Status check_file(const lake::TableVersion& version) const EXCLUDES(mutex_);

 private:
  Result<lake::TableVersion> readable_version(const std::string& table, std::optional<int64_t> pin);

  lake::TableVersions& versions_;
  lake::ObjectStore& store_;
  sql::Database& database_;
  const uint64_t memory_bytes_max_;
  mutable Mutex mutex_;
  std::map<std::string, Error> unreadable_ GUARDED_BY(mutex_);  // by file, as loading it found
  std::map<std::string, bool> too_large_;                       // by file
};

}  // namespace anabranch::app
