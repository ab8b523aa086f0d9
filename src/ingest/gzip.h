#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace anabranch::ingest {

/// Unpacks gzip (one member or several) or zlib data, as HTTP bodies come with Content-Encoding gzip or
/// deflate. too_large as soon as more than bytes_max come out, so a small body cannot fill the memory;
/// bad_input when the data breaks off or is damaged.
Result<std::string> inflate(std::string_view packed, size_t bytes_max);

}  // namespace anabranch::ingest
