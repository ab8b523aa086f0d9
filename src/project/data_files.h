#pragma once
// Which files a path with wildcards stands for.

#include <string>
#include <vector>

#include "io/file_system.h"

namespace anabranch::project {

bool has_wildcard(std::string_view path);

/// The files that a path names, sorted: *, ? and [] within a name, ** for any folders. Hidden files match
/// only names that begin with a dot. Relative paths start at the root. Empty when there are none.
Result<std::vector<io::Path>> matching_files(io::FileSystem& files, const io::Path& root,
                                             const std::string& path);

}  // namespace anabranch::project
