#pragma once

#include <string>

#include "base/result.h"

namespace anabranch::io {

/// What comes next of the process's standard input, at most so many bytes; empty at its end. Waits for it.
Result<std::string> read_standard_input(size_t bytes_max);

}  // namespace anabranch::io
