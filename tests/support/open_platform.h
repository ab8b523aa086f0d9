#pragma once
// A platform on a project's folder, opened and not yet started.

#include <memory>

#include "app/platform.h"
#include "project/loader.h"
#include "project/sql_select_reader.h"

namespace anabranch::test {

/// The project in a folder; its mistakes are the error, all of them in one.
inline Result<project::Project> load_project(const io::Path& folder) {
  project::SqlSelectReader reader;
  auto loaded = project::load(io::local_file_system(), folder, reader);
  if (loaded.has_errors()) return fail(loaded.status().error());
  return std::move(loaded.project);
}

/// A platform on the project in a folder. Tests choose small steps and early compaction, so that a few events
/// meet all of the machinery.
inline Result<std::unique_ptr<app::Platform>> open_platform(const io::Path& folder,
                                                            const speed::SpeedLayer::Options& speed) {
  project::Project project = TRY(load_project(folder));
  app::Platform::Options options;
  options.owner = "a test";
  options.program = ANABRANCH_PROGRAM;
  options.speed = speed;
  return app::Platform::open(std::move(project), options);
}

}  // namespace anabranch::test
