#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "serve/query_service.h"

namespace anabranch::serve {

struct ViewSize {
  int64_t slice_rows = 0;  // states after the build
  int64_t errors = 0;      // events recorded against the view
};

/// Counts all maintained views at one offset.
Result<std::map<std::string, ViewSize>> view_sizes(QueryService& queries);

}  // namespace anabranch::serve
