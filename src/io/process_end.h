#pragma once

#include "base/result.h"
#include "io/process.h"

namespace anabranch::io {

/// Waits for a child to end and takes it off the system's list: how it ended. Within this station; once for
/// each.
Result<ProcessExit> wait_for_end(int pid);

}  // namespace anabranch::io
