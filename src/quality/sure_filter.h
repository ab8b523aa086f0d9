#pragma once
// Filters in which an error decides nothing that the rest of the filter decides already: false AND an error
// is false, true OR an error is true. A plain engine may raise or not, whichever it looks at first.

#include "sql/syntax.h"

namespace anabranch::quality {

/// Every WHERE of a SELECT, and of those inside of it, so written.
sql::Select with_sure_filters(const sql::Select& select);

}  // namespace anabranch::quality
