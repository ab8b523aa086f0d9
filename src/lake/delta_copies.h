#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "io/clock.h"
#include "lake/delta_table.h"
#include "lake/manifest.h"
#include "lake/object_store.h"

namespace anabranch::lake {

/// The Delta tables that follow the manifests, for other readers. Owner: the application. Any thread may
/// call; one write() or tidy() at a time.
class DeltaCopies {
 public:
  DeltaCopies(ObjectStore& store, io::Clock& clock) : store_(store), clock_(clock) {}

  /// Brings the Delta tables of all views up to a manifest that was published. Each write lands exactly once:
  /// call it again after an error, and for the newest manifest at every start. Views without a Delta copy are
  /// left alone.
  Status write(const Manifest& manifest) EXCLUDES(mutex_);

  /// Removes what the tables of this manifest's views replaced before `removed_after_ms`; what `kept` name
  /// stays, as a project may go back to it. Not while a build runs.
  Status tidy(const Manifest& manifest, const std::vector<Manifest>& kept, int64_t removed_after_ms)
      EXCLUDES(mutex_);

 private:
  Status write_one(const ViewBuild& view) EXCLUDES(mutex_);
  Result<DeltaTable*> open(const std::string& table) EXCLUDES(mutex_);

  ObjectStore& store_;
  io::Clock& clock_;
  Mutex mutex_;
  std::map<std::string, std::unique_ptr<DeltaTable>> tables_ GUARDED_BY(mutex_);
};

}  // namespace anabranch::lake
