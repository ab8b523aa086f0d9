#pragma once
// Which names are allowed where.

#include <string>
#include <string_view>

#include "project/problem.h"

namespace anabranch::project {

/// ASCII letters in lower case: how SQL compares names.
std::string fold_case(std::string_view name);

/// [a-z_][a-z0-9_]*, at most 63 bytes.
bool is_identifier(std::string_view name);

/// Names of streams, tables, views, … must be identifiers, so that SQL, paths and URLs take them without
/// quotes. Reports and returns false when it is none. `what` says whose name it is: "a stream".
bool check_identifier(std::string_view name, std::string_view what, const Place& place, Problems& problems);

/// Fields and columns come from outside and may be any text that a Delta table can hold as a column.
bool check_column_name(std::string_view name, const Place& place, Problems& problems);

}  // namespace anabranch::project
