#pragma once
// What a column that comes from outside may be called: one definition for every door (events over HTTP, bulk
// files, copied tables, YAML, views). Pure functions; any thread.

#include <cstddef>
#include <string>
#include <string_view>

namespace anabranch::model {

inline constexpr size_t column_name_bytes_max = 255;
/// Characters that readers of Delta tables refuse in a column's name.
inline constexpr std::string_view delta_taboo = " ,;{}()=";

/// Why no column or field can have this name; empty when one can. In words that follow "a column's name …":
/// "has 1 to 255 bytes and no control characters".
std::string column_name_objection(std::string_view name);

/// The same for a column that becomes one of a Delta table.
std::string lake_column_name_objection(std::string_view name);

}  // namespace anabranch::model
