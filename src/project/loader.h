#pragma once
// Reads and checks a whole project: every mistake in all of its files at once.

#include <vector>

#include "project/environment.h"
#include "project/known_adapters.h"
#include "project/problem.h"
#include "project/project.h"
#include "project/select_reader.h"

namespace anabranch::project {

struct Loaded {
  Project project;                // what could be read; to be relied upon only without errors
  std::vector<Problem> problems;  // by file, line and column, with excerpts

  bool has_errors() const;
  std::vector<Problem> errors() const;
  std::vector<Problem> warnings() const;
  /// An error that says how many there are and shows the first, or nothing.
  Status status() const;
};

/// Reads the project in a folder. Changes nothing. `selects` must outlive the call only. Adapters that are
/// not among `adapters` are mistakes. `environment` says what variables hold.
Loaded load(io::FileSystem& files, const io::Path& root, SelectReader& selects,
            const KnownAdapters& adapters = {}, const Environment& environment = process_environment);

/// The folder itself or the nearest one above it that holds anabranch.yml. not_found says how to begin a
/// project.
Result<io::Path> find_project_root(io::FileSystem& files, const io::Path& start);

}  // namespace anabranch::project
