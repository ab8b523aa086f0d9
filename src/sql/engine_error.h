#pragma once
// DuckDB's exceptions as values. Included by src/sql only.

#include <exception>
#include <string_view>

#include "base/result.h"

namespace duckdb {
class ErrorData;
}

namespace anabranch::sql {

/// What an exception of the engine means to the person whose SQL it was; `by_default` where the engine does
/// not tell. The place is found in `text` when the engine names a position.
Error engine_error(const std::exception& error, std::string_view text, Code by_default);

Error engine_error(const duckdb::ErrorData& data, std::string_view text, Code by_default);

}  // namespace anabranch::sql
