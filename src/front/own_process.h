#pragma once

#include "front/ports.h"

namespace anabranch::front {

/// The process that asks, as the server.
ProcessState own_process(int64_t started_at_us);

}  // namespace anabranch::front
