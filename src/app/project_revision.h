#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/project_snapshots.h"
#include "base/result.h"
#include "io/file_system.h"

namespace anabranch::app {

/// The files of a project as they are in a revision of its git repository, of which the project's folder may
/// be any part. Asks the program git. bad_input: no such revision, no repository, or no project in it.
Result<ProjectTexts> read_project_at(const io::Path& root, const std::string& revision);

// What git prints. Pure.

/// Of `ls-tree -r -z`: path and object of each file that belongs to a project.
std::vector<std::pair<std::string, std::string>> project_files_of_tree(std::string_view printed);
/// Of `cat-file --batch` for these objects, in this order. internal: it is something else.
Result<std::vector<std::string>> texts_of_batch(std::string_view printed, size_t count);

}  // namespace anabranch::app
