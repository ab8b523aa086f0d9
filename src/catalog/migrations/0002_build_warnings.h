#pragma once

#include "catalog/migration.h"

namespace anabranch::catalog {

/// Builds that were published with warnings: a JSON array of [view, message].
inline constexpr Migration migration_0002{2, "warnings of builds", R"sql(
ALTER TABLE builds ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(warnings));
)sql"};

}  // namespace anabranch::catalog
