#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"

namespace anabranch::app {

/// The files of a project that say what it is, by their paths relative to the root, with '/'.
using ProjectTexts = std::map<std::string, std::string>;

/// Where they lie, beside anabranch.yml.
inline constexpr const char* project_folders[] = {"streams", "sources", "models", "dashboards", "tests"};

/// Whether a path relative to the root is that of such a file.
bool is_project_text(std::string_view path);

/// Reads them: anabranch.yml, and *.yml and *.sql in the folders of a project.
Result<ProjectTexts> read_project_texts(io::FileSystem& files, const io::Path& root);

/// The paths of files that only one of both has, or that differ.
std::vector<std::string> changed_files(const ProjectTexts& before, const ProjectTexts& after);

/// The projects that were taken over, each a file `projects/<number>.json` of the data folder: what runs is
/// the newest, and the one before is what undo goes back to. Owner: the application; one thread at a time.
class ProjectSnapshots {
 public:
  ProjectSnapshots(io::FileSystem& files, io::Path folder) : files_(files), folder_(std::move(folder)) {}

  /// These are the newest from here on, durably, unless they are already. The last kept_max stay.
  Status keep(const ProjectTexts& texts);
  /// The newest is none any more; the one before it is.
  Status drop_newest();
  /// The one that is so many before the newest; nothing when there are not so many.
  Result<std::optional<ProjectTexts>> find(size_t back);

 private:
  static constexpr size_t kept_max = 20;
  Result<std::vector<int64_t>> numbers();  // the newest first
  io::Path file_of(int64_t number) const;
  io::FileSystem& files_;
  const io::Path folder_;
};

}  // namespace anabranch::app
