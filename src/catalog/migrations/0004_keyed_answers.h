#pragma once

#include "catalog/migration.h"

namespace anabranch::catalog {

/// Answers to requests with an idempotency key that were carried out.
inline constexpr Migration migration_0004{4, "answers to requests with a key", R"sql(
CREATE TABLE keyed_answers (
  number INTEGER PRIMARY KEY,
  route TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint INTEGER NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (route, key)
) STRICT;
)sql"};

}  // namespace anabranch::catalog
