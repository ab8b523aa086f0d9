#pragma once

#include "catalog/migration.h"

namespace anabranch::catalog {

/// What a verdict is of, so that it can be shown as stale: a hash of the view's SQL, that of the views below
/// it, its tables' versions and its streams' schemas. Empty: not known. And what was compared.
inline constexpr Migration migration_0003{3, "definitions of verdicts", R"sql(
ALTER TABLE verdicts ADD COLUMN definition TEXT NOT NULL DEFAULT '';
ALTER TABLE verdicts ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE verdicts ADD COLUMN sample TEXT NOT NULL DEFAULT '';
)sql"};

}  // namespace anabranch::catalog
