#pragma once
// Objects of a store in the engine's SQL.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/object_files.h"
#include "sql/database.h"

namespace anabranch::sql {

/// What stands where SQL has a path: "store://lake/bronze/flights/part-0.parquet". It means the object in
/// every database to which the same store was given, in whatever process.
std::string object_url(std::string_view key);
/// The key in such a URL; nothing for a path.
std::optional<std::string> object_key(std::string_view url);

/// From now on this database reads and writes what object_url() gives: Parquet files by read_parquet() and
/// COPY, and its own database files by ATTACH … (READ_ONLY). An object is there once its COPY has ended well.
/// Once a database, before its sessions ask for one; `objects` outlives it. `folders`: the keys' beginnings
/// ("lake/") that may be read where the database has no external access, e.g. for SQL of users.
Status give_objects(Database& database, io::ObjectFiles& objects,
                    const std::vector<std::string>& folders = {});

}  // namespace anabranch::sql
