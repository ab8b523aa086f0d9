#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/changes.h"
#include "app/faults.h"
#include "app/running_project.h"
#include "app/stations.h"
#include "base/mutex.h"
#include "base/result.h"
#include "lake/manifest.h"
#include "model/offsets.h"
#include "speed/speed_layer.h"
#include "views/world.h"

namespace anabranch::app {

/// What answers stand on: the newest manifest, the world of views under the schemas and table versions that
/// it pins, and the archives. It says what the speed layer is to take over; it changes nothing on the disk.
///
/// Owner: the platform. What is marked so is for the one who holds the lock of changes, and for the start.
class Basis {
 public:
  /// What a world is made of, beside the pins of the manifest.
  struct Source {
    std::shared_ptr<const project::Project> project;
    bool is_newest = false;                        // of all tables and streams
    std::set<std::string> newest;                  // of these tables
    std::map<std::string, model::Schema> schemas;  // of streams as they will be, in place of what they are
  };

  /// All outlive it.
  Basis(Stations& stations, RunningProject& running, Faults& faults)
      : stations_(stations), running_(running), faults_(faults) {}

  // ---- the manifest: any thread ----
  /// Null before the first build.
  std::shared_ptr<const lake::Manifest> manifest() const EXCLUDES(mutex_);
  void set_manifest(lake::Manifest manifest) EXCLUDES(mutex_);
  /// The version of each copied table that it pins.
  std::map<std::string, int64_t> table_pins() const EXCLUDES(mutex_);

  // ---- worlds: under the lock of changes ----
  /// Of the project that runs; `left_out`: views that cannot be compiled now, with why. Of the newest one a
  /// mistake in a model is an error: a build is asked for by somebody who can mend it, while a start and a
  /// handover go on without the view.
  Result<std::shared_ptr<const views::World>> make_world(bool is_newest, std::vector<Error>& left_out);
  /// With what is wrong with its models in the end: mistakes, and what they wait for.
  Result<std::shared_ptr<const views::World>> make_world(const Source& source, std::vector<Error>& problems);
  std::map<std::string, model::Schema> schemas_of(const Source& source) const;
  /// A manifest as the speed layer takes it. Builds that were made under another plan or basis are left out,
  /// so that those views are computed from the log until the next build.
  Result<speed::Handover> handover_of(const lake::Manifest& manifest,
                                      std::shared_ptr<const views::World> world,
                                      const std::shared_ptr<const project::Project>& project = nullptr);
  /// Views that the world in force left out.
  const std::vector<Error>& left_out() const { return left_out_; }
  void set_left_out(std::vector<Error> left_out) { left_out_ = std::move(left_out); }

  // ---- builds whose files are damaged: under the lock of changes ----
  void find_broken_builds(const lake::Manifest& manifest);
  bool is_broken(const std::string& build_id) const { return broken_builds_.contains(build_id); }
  /// A build was published: what was damaged before is no longer asked for.
  void forget_broken_builds(const lake::Manifest& manifest);

  // ---- streams: under the lock of changes ----
  /// Makes these the platform's. One whose log has lost what its archive has is damaged, and takes no event:
  /// that would get an offset which another event has. Gives the others.
  std::vector<history::Stream> take_in(std::vector<OpenStream> opened);

  // ---- archives ----
  /// Those that can be read; the others are faults.
  std::map<std::string, history::Archive> readable_archives();
  /// What is read from now on. Under the lock of changes: a stream may go meanwhile.
  void use_archives() EXCLUDES(mutex_);
  model::Offsets archived() const EXCLUDES(mutex_);
  void forget_archive(const std::string& stream) EXCLUDES(mutex_);

 private:
  // The last world, and all that it was made of.
  struct MadeWorld {
    std::shared_ptr<const project::Project> project;
    std::map<std::string, model::Schema> schemas;
    std::map<std::string, views::PinnedTable> tables;
    std::map<std::string, std::string> absent;
    std::vector<Error> left_out;
    std::shared_ptr<const views::World> world;
  };

  void set_archived(const std::map<std::string, history::Archive>& archives) EXCLUDES(mutex_);

  Stations& stations_;
  RunningProject& running_;
  Faults& faults_;
  std::vector<Error> left_out_;
  MadeWorld made_;
  std::map<std::string, Error> broken_builds_;  // by their id, as the start found them
  mutable Mutex mutex_;
  std::shared_ptr<const lake::Manifest> manifest_ GUARDED_BY(mutex_);
  model::Offsets archived_ GUARDED_BY(mutex_);
};

/// What a stream that cannot be opened says to who reads it.
Error stream_fault(const std::string& name, const Error& error);
/// What the tables and streams of a world are, as a manifest says it.
void set_basis(lake::Manifest& manifest, const views::World& world);
/// The fault of the newest manifest.
inline constexpr const char* newest_build_fault = "the newest build";

}  // namespace anabranch::app
