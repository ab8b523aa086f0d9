#pragma once
// tests/*.yml: a list of unit tests of views.

#include <vector>

#include "project/project.h"
#include "project/project_folder.h"

namespace anabranch::project {

/// The tests of one file that could be read. The project's models are known by now.
std::vector<UnitTest> read_unit_tests(const ProjectFolder& folder, const std::string& file,
                                      const Project& project);

}  // namespace anabranch::project
