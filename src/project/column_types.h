#pragma once
// Types and names of columns, as streams and tables declare them.

#include <optional>
#include <vector>

#include "model/type.h"
#include "project/map_reader.h"

namespace anabranch::project {

/// The type of an SQL name; reports what is no type, with the nearest one.
std::optional<model::Type> parse_type(const Located& name, Problems& problems);

/// Reports names that stand twice, also when they differ only in case: SQL could not tell them apart.
void check_distinct(const std::vector<Located>& names, std::string_view what, Problems& problems);

}  // namespace anabranch::project
