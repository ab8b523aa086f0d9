#include "sql/function_names.h"

#include "duckdb/main/extension_entries.hpp"
#include "sql/syntax.h"

namespace anabranch::sql {

Result<FunctionNames> function_names(Session& session) {
  FunctionNames names = {"getenv"};  // of the engine's shell
  for (const auto& entry : duckdb::EXTENSION_FUNCTIONS) names.insert(lower(entry.name));
  const auto rows = TRY(session.query("SELECT DISTINCT lower(function_name) FROM duckdb_functions()"));
  for (size_t i = 0; i < rows.row_count(); ++i) names.insert(rows.text(i, 0).value_or(""));
  return names;
}

}  // namespace anabranch::sql
