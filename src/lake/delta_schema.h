#pragma once
// Columns as a Delta schema (the schemaString of metaData), and back.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/relation_column.h"

namespace anabranch::lake {

/// The key in a column's metadata under which its SQL type stands when the file holds another one.
inline constexpr std::string_view original_type_key = "anabranch.type";

/// bad_input as check_columns().
Result<std::string> delta_schema(const std::vector<model::RelationColumn>& columns);

/// With their SQL types where the metadata has them, else the types that the file's columns have. corrupt
/// when it is no schema; refused where a type is not ours to read.
Result<std::vector<model::RelationColumn>> columns_of_schema(std::string_view schema);

/// True when both say the same; the order of columns counts.
bool is_same_schema(std::string_view a, std::string_view b);

/// The schema of a table after files with these columns were appended; nothing when it stays as it is. New
/// columns come last; columns that the files lack are NULL in them. A column whose SQL type is another one
/// but lies in the lake alike keeps the type of the lake only. bad_input names the column that does not fit,
/// refused the one whose rules we cannot keep.
Result<std::optional<std::string>> schema_after_append(std::string_view schema,
                                                       const std::vector<model::RelationColumn>& columns);

}  // namespace anabranch::lake
