#pragma once
// sources/<name>.yml.

#include <optional>

#include "project/project.h"
#include "project/project_folder.h"

namespace anabranch::project {

/// What could be read of the file; nothing when it is no YAML map. Mistakes are in the folder's problems.
std::optional<SourceFile> read_source(const ProjectFolder& folder, const std::string& file);

}  // namespace anabranch::project
