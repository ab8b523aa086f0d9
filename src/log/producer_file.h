#pragma once
// The table of producers as it was where a segment begins, so that a start need not read what lies before it,
// and may find it gone.

#include <optional>
#include <utility>

#include "base/result.h"
#include "io/file_system.h"
#include "log/producer_table.h"

namespace anabranch::log {

/// "<base offset>.producers" beside the segment that begins there; durable when it returns. Removes older
/// ones but the last: a crash may have come before the segment was there.
Status write_producers(io::FileSystem& files, const io::Path& folder, model::Offset base_offset,
                       const ProducerTable& table);

struct SavedProducers {
  model::Offset base_offset = 0;
  ProducerTable table;
};
/// The newest whose segment is there, not before `front`, and which can be read; nothing when there is none.
/// One that cannot be read is passed over: the segments say the same.
Result<std::optional<SavedProducers>> read_producers(io::FileSystem& files, const io::Path& folder,
                                                     const ProducerTable::Limits& limits,
                                                     model::Offset front);

}  // namespace anabranch::log
