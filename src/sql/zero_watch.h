#pragma once
// Looks for negative zeros on their way into a file. Included by src/sql only.

#include <cstdint>
#include <string_view>

#include "duckdb.hpp"

namespace anabranch::sql {

/// The SQL function that gives what it is given, of any type, and notices a -0.0 in it at any depth.
inline constexpr std::string_view zero_watch_name = "anabranch_zero_watch";

/// Makes the function known to a database. Throws the engine's exceptions.
void create_zero_watch(duckdb::Connection& connection);

/// How often, since the program began, a batch of values had a negative zero. Any thread.
uint64_t negative_zeros_seen();

}  // namespace anabranch::sql
