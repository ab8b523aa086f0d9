#pragma once

#include <span>

#include "base/result.h"
#include "catalog/migration.h"
#include "catalog/sqlite.h"
#include "io/file_system.h"

namespace anabranch::catalog {

/// Brings the file up to the last of `known`: a backup copy, then all steps in one transaction. Does nothing
/// when it is there already. Errors as Catalog::open(); the file is then as it was.
Status migrate(Sqlite& database, io::FileSystem& files, const io::Path& path,
               std::span<const Migration> known);

}  // namespace anabranch::catalog
