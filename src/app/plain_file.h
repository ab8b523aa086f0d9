#pragma once

#include <string>

#include "base/result.h"
#include "io/file_system.h"
#include "lake/object_store.h"

namespace anabranch::app {

/// The file of this machine with the bytes of what SQL names: a path, or an object (sql::object_url()). Where
/// the store has none, they are copied to one below the folder, which is the caller's to remove.
Result<io::Path> plain_file(lake::ObjectStore& store, const std::string& name, const io::Path& folder);

}  // namespace anabranch::app
