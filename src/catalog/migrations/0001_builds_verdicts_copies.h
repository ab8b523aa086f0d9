#pragma once

#include "catalog/migration.h"

namespace anabranch::catalog {

/// Runs of builds, verdicts of verify, copies of tables. Lists and offsets are JSON, times microseconds since
/// 1970-01-01 UTC.
inline constexpr Migration migration_0001{1, "builds, verdicts, copies", R"sql(
CREATE TABLE builds (
  id                TEXT PRIMARY KEY,
  state             TEXT NOT NULL CHECK (state IN ('running', 'published', 'failed', 'abandoned')),
  reason            TEXT NOT NULL,
  views             TEXT NOT NULL CHECK (json_valid(views)),
  cutoff            TEXT NOT NULL CHECK (json_valid(cutoff)),
  started_at_us     INTEGER NOT NULL,
  finished_at_us    INTEGER,
  rows              INTEGER NOT NULL DEFAULT 0,
  peak_memory_bytes INTEGER NOT NULL DEFAULT 0,
  error             TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX builds_by_time ON builds (started_at_us);
CREATE INDEX builds_running ON builds (state) WHERE state = 'running';

CREATE TABLE verdicts (
  number     INTEGER PRIMARY KEY,
  view       TEXT NOT NULL,
  result     TEXT NOT NULL CHECK (result IN ('equal', 'different', 'failed')),
  rows       INTEGER NOT NULL,
  offsets    TEXT NOT NULL CHECK (json_valid(offsets)),
  at_us      INTEGER NOT NULL,
  elapsed_ms INTEGER NOT NULL,
  note       TEXT NOT NULL
) STRICT;
CREATE INDEX verdicts_by_view ON verdicts (view, number);

CREATE TABLE copies (
  number     INTEGER PRIMARY KEY,
  table_name TEXT NOT NULL,
  version    INTEGER NOT NULL,
  rows       INTEGER NOT NULL,
  at_us      INTEGER NOT NULL,
  source     TEXT NOT NULL
) STRICT;
)sql"};

}  // namespace anabranch::catalog
