#pragma once
// anabranch.yml.

#include "project/project.h"
#include "project/project_folder.h"

namespace anabranch::project {

inline constexpr const char* settings_file = "anabranch.yml";

/// Fills in name, settings and targets of the project.
void read_settings(const ProjectFolder& folder, Project& project);

}  // namespace anabranch::project
