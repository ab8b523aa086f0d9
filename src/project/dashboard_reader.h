#pragma once
// dashboards/<name>.yml.

#include <optional>

#include "project/project.h"
#include "project/project_folder.h"

namespace anabranch::project {

/// What could be read of the file; nothing when it is no YAML map. The project's models are known by now.
std::optional<Dashboard> read_dashboard(const ProjectFolder& folder, const std::string& file,
                                        const Project& project);

}  // namespace anabranch::project
