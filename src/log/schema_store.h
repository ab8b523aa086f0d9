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

  /// Durable when it returns: only then append batches that use the version. Adding a version again does
  /// nothing when it is the same schema and is a conflict when not; bad_input when a version is left out.
  Status add(const model::Schema& schema) EXCLUDES(mutex_);
  /// not_found names the version.
  Result<model::SchemaPtr> get(uint32_t version) const EXCLUDES(mutex_);
  /// Null while there is none.
  model::SchemaPtr latest() const EXCLUDES(mutex_);

 private:
  SchemaStore(io::FileSystem& files, io::Path folder) : files_(files), folder_(std::move(folder)) {}
  Status load() REQUIRES(mutex_);
  Status read_versions() REQUIRES(mutex_);
  io::Path path_of(uint32_t version) const;

  io::FileSystem& files_;
  const io::Path folder_;
  mutable Mutex mutex_;
  std::vector<model::SchemaPtr> versions_ GUARDED_BY(mutex_);  // version v at v - 1
};

}  // namespace anabranch::log
