#pragma once
// The events that are recorded against a view, with their message and raw text.

#include <string>

#include "base/result.h"
#include "serve/query_service.h"
#include "serve/reads.h"

namespace anabranch::serve {

/// The first ones, at most `limit`, and how many there are. As the platform itself reads them: who may see
/// them is for the caller of this. `database` is the one that the queries read. Blocks.
Result<ViewErrors> recorded_errors(QueryService& queries, sql::Database& database, const std::string& view,
                                   size_t limit);

}  // namespace anabranch::serve
