#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "io/file_system.h"
#include "model/schema.h"

namespace anabranch::log {

/// The schema versions of one stream, kept for ever beside its log: `log/<stream>/schema/<version>.json`.
/// Owner: the application. Any thread may call any method. Versions count from 1 without gaps.
class SchemaStore {
 public:
  /// Loads all versions; creates the folder (`log/<stream>/schema`) when it is missing.
  /// corrupt names the file that is missing, or not the schema that its name says.
  static Result<std::unique_ptr<SchemaStore>> open(io::FileSystem& files, const io::Path& folder);

  /// The newest version in a folder that another process may have open; null when there is none. Changes
  /// nothing.
  static Result<model::SchemaPtr> read_latest(io::FileSystem& files, const io::Path& folder);

  /// The versions of a store that somebody else has open, up to `newest`, which its owner told; 0: there is
  /// none yet, and the folder may be missing. Changes nothing, and add() is unavailable. Errors as of
  /// refresh().
  static Result<std::unique_ptr<SchemaStore>> follow(io::FileSystem& files, const io::Path& folder,
                                                     uint32_t newest);
  /// Takes in the versions that were added since, up to `newest`. Of a store that is followed. corrupt names
  /// the file that is missing, or not the schema that its name says.
  Status refresh(uint32_t newest) EXCLUDES(mutex_);

  /// Durable when it returns: only then append batches that use the version. Adding a version again does
  /// nothing when it is the same schema and is a conflict when not; bad_input when a version is left out.
  Status add(const model::Schema& schema) EXCLUDES(mutex_);
  /// not_found names the version. A store that is followed looks on the disk first for one that was added
  /// since: what a durable batch names is there.
  Result<model::SchemaPtr> get(uint32_t version) const EXCLUDES(mutex_);
  /// Null while there is none.
  model::SchemaPtr latest() const EXCLUDES(mutex_);

 private:
  SchemaStore(io::FileSystem& files, io::Path folder, bool is_followed = false)
      : files_(files), folder_(std::move(folder)), is_followed_(is_followed) {}
  Status load() REQUIRES(mutex_);
  Status read_versions() REQUIRES(mutex_);
  Status read_next() const REQUIRES(mutex_);
  io::Path path_of(uint32_t version) const;

  io::FileSystem& files_;
  const io::Path folder_;
  const bool is_followed_;
  mutable Mutex mutex_;
  mutable std::vector<model::SchemaPtr> versions_ GUARDED_BY(mutex_);  // version v at v - 1
};

}  // namespace anabranch::log
