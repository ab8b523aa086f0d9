#pragma once
// How every SQL type lies in Delta and Parquet, so that all readers agree. One table (type_mapping.cc) says
// it; FORMAT.md prints it.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/relation_column.h"

namespace anabranch::lake {

/// A type as it lies in the lake.
struct LakeType {
  std::string delta;        // JSON, as it stands in a Delta schema: "\"long\"", "{\"type\":\"array\",…}"
  std::string parquet;      // the engine's name of the type that the file's column has
  bool is_original = true;  // false: written by another type than the SQL one
  bool operator==(const LakeType&) const = default;
};

/// bad_input for a type that has no place in the lake, with what to cast it to.
Result<LakeType> lake_type(std::string_view engine_type);

/// bad_input names the first column that a Delta 1.0 Parquet file cannot hold: by the name of the column or
/// of a field in it, two names that differ only in case, or by its type.
Status check_columns(const std::vector<model::RelationColumn>& columns);

/// The SELECT to COPY into a Parquet file: source_sql (a SELECT that gives the columns, in any order) with
/// each column cast as the lake wants it, in the order of `columns`. Keeps the order of the rows. Running it
/// fails with bad_sql where a HUGEINT does not fit DECIMAL(38,0) or a TIMESTAMP_NS has nanoseconds.
Result<std::string> select_for_parquet(const std::vector<model::RelationColumn>& columns,
                                       std::string_view source_sql);

/// The way back: source_sql gives columns as they lie in the lake (e.g. SELECT * FROM read_parquet(…)), the
/// result has the original types.
Result<std::string> select_from_parquet(const std::vector<model::RelationColumn>& columns,
                                        std::string_view source_sql);

/// As select_for_parquet(), for files that only we read (rows of views): any name, and every value as it is.
/// A plain CAST of each column to its type is the way back. bad_input for UNION and what else has no place.
Result<std::string> select_for_rows(const std::vector<model::RelationColumn>& columns,
                                    std::string_view source_sql);

/// Files that carry answers away.
enum class AnswerFormat { arrow, parquet };

/// The type to which a column of an answer is cast, so that the engine's file keeps the whole value: itself,
/// except where it holds a HUGEINT, or in Parquet an INTERVAL or a time with a zone. bad_input: not a type.
Result<std::string> answer_type(std::string_view engine_type, AnswerFormat format);

}  // namespace anabranch::lake
