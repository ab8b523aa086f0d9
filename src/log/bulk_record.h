#pragma once

#include <string>

#include "base/result.h"

namespace anabranch::log {

/// The file that a bulk batch names in its payload. corrupt when it names none, or more than a plain name: it
/// is going to be removed.
Result<std::string> bulk_file_name(const std::string& payload);

}  // namespace anabranch::log
