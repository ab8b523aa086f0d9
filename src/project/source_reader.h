#pragma once
// sources/<name>.yml.

#include <optional>
#include <string>
#include <vector>

#include "project/project.h"
#include "project/project_folder.h"

namespace anabranch::project {

struct ReadSource {
  SourceFile source;
  Place folder_place;  // of arriving files: where their folder is named
};

/// What could be read of the file; nothing when it is no YAML map. Mistakes are in the folder's problems.
std::optional<ReadSource> read_source(const ProjectFolder& folder, const std::string& file);

/// Reports folders in which two sources would take the files of each other: the same one, or one where
/// another source puts its files aside.
void check_arrival_folders(const ProjectFolder& folder, const std::vector<ReadSource>& sources);

}  // namespace anabranch::project
