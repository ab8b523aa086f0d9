#pragma once

#include "front/backend.h"
#include "io/file_system.h"

namespace anabranch::app {

/// What a data folder takes on the disk, by what it is for. Walks through all of it: thousands of files take
/// milliseconds. What goes meanwhile is left out. Any thread.
front::Storage measure_storage(io::FileSystem& files, const io::Path& data_folder);

}  // namespace anabranch::app
