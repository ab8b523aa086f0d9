#pragma once
// Files as the engine reads and writes them. Every read and every COPY of ours goes through here, so that a
// path means nothing and a value is what it was.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/relation_column.h"
#include "sql/database.h"

namespace anabranch::sql {

/// A path as it stands in a read, where the engine takes `*`, `?` and `[` for a pattern: these escaped.
std::string escape_pattern(std::string_view path);

/// A call of read_parquet, read_csv or read_json for exactly these files. A folder named `id=99` is a folder,
/// not a column. `options`: more of them, e.g. "union_by_name = true"; may be empty.
std::string read_files(std::string_view function, const std::vector<std::string>& files,
                       std::string_view options = "");

/// What the engine says of exactly these files' columns, a row for each of each row group.
std::string parquet_metadata(const std::vector<std::string>& files);

/// What read_numbered() calls the number of a row, as a quoted identifier. Nobody's column has a colon.
inline constexpr std::string_view row_number_column = "\"anabranch:row\"";

/// The rows of one Parquet file as a table expression, with one more column, row_number_column: their numbers
/// in it, from 0. `columns` are those of the file: one of them may be called like the engine's own number.
std::string read_numbered(const std::string& file, const std::vector<model::RelationColumn>& columns);

/// A COPY of a SELECT into a Parquet file. Bloom filters are left out: the engine's hide zeros and blobs from
/// `=`. No dictionaries are made for floating numbers, in which 0.0 and -0.0 would become one of the two;
/// that costs the other columns theirs. `columns` are those of the select. `options`: more, e.g.
/// "ROW_GROUP_SIZE 40960".
Query copy_to_parquet(const Query& select, const std::vector<model::RelationColumn>& columns,
                      const std::string& file, std::string_view options = "");

/// Runs such a COPY and gives the number of rows; with dictionaries whenever nothing is lost by them: the
/// select is run again in the rare case that a -0.0 was among its values. What a failure leaves of the file
/// is the caller's to remove.
Result<int64_t> write_parquet(Session& session, const Query& select, const std::string& file);

}  // namespace anabranch::sql
