#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "front/builds.h"
#include "io/file_system.h"

namespace anabranch::app {

/// Below the data folder: files of copies that the lake has not taken in yet.
inline constexpr std::string_view copy_folder_name = "copies";

/// The bytes of all files below a folder, but for what lies in it under these names. What cannot be listed,
/// or goes meanwhile, is left out. Any thread.
uint64_t bytes_below(io::FileSystem& files, const io::Path& folder,
                     const std::set<std::string>& without = {});

/// What a data folder takes on the disk, by what it is for. Walks through all of it: thousands of files take
/// milliseconds. What goes meanwhile is left out. Any thread.
front::Storage measure_storage(io::FileSystem& files, const io::Path& data_folder);

}  // namespace anabranch::app
