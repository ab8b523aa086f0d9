#pragma once
// Parquet files of ours as table expressions.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/offsets.h"
#include "model/relation_column.h"
#include "model/schema.h"
#include "sql/database.h"

namespace anabranch::sql {

/// What stands for a HUGEINT in files of rows that only we read: its two halves, as Parquet has nothing of
/// its size but text, which takes the engine six times as long to write. from_halves() gives every value
/// back, NULL too. is_halved() says of a column's type whether its values lie there so.
bool is_halved(std::string_view type);
std::string to_halves(std::string_view value);
std::string from_halves(std::string_view halves);

/// Rows of our own Parquet files as a table expression, each column as the type that it had.
std::string parquet_relation(const std::vector<std::string>& files,
                             const std::vector<model::RelationColumn>& columns, const std::string& where);

/// A pinned version of a table: its columns and the number of each row in the file, under the name given.
std::string table_file_relation(const std::string& file, const std::vector<model::RelationColumn>& columns,
                                std::string_view row_name);

/// Events of bronze files before `end`, those of one partition where it is named, with columns that a file
/// lacks as NULL. Fields of the schema are found by the columns that they are stored as, whatever they were
/// called when a file was written.
std::string archive_relation(const std::vector<std::string>& files,
                             const std::vector<model::RelationColumn>& columns, const model::Schema& schema,
                             model::Offset end, std::optional<model::Partition> partition = std::nullopt);

}  // namespace anabranch::sql
