#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "front/project_drop.h"
#include "io/file_system.h"

namespace anabranch::app {

/// Whatever lies in a data folder of streams, tables and copies of views, by kind and name, with its size. A
/// folder of the lake of which it cannot be told what it was counts as a stream's.
Result<std::vector<front::Droppable>> find_stored(io::FileSystem& files, const io::Path& data_folder);

/// Takes these folders of a data folder away, in this order, each in one step that lasts, and then removes
/// what is in them. A crash leaves those that were not reached, and remove_discarded() the rest.
Status discard(io::FileSystem& files, const io::Path& data_folder, const std::vector<std::string>& folders,
               const std::string& id);
/// What a discard() that was interrupted has left.
Status remove_discarded(io::FileSystem& files, const io::Path& data_folder);

}  // namespace anabranch::app
