#pragma once
// Whole files.

#include <cstdint>

#include "base/result.h"
#include "io/file_system.h"

namespace anabranch::io {

/// Makes `to` a file with the bytes of `from`; not synced. conflict when `to` is there already; whatever else
/// failed leaves none.
Status copy_file(FileSystem& files, const Path& from, const Path& to);

/// What tells one content of a file from the next without reading it.
struct FileStamp {
  uint64_t bytes = 0;
  int64_t changed_at = 0;  // in ticks of the machine's file clock
};
/// Of one of the machine's files.
Result<FileStamp> stamp_of(const Path& path);

}  // namespace anabranch::io
