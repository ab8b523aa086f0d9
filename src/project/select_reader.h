#pragma once
// The one thing that the loader asks about SQL.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace anabranch::project {

/// A table as a SELECT names it, with its place in the text of the SELECT: from 1, columns in bytes, 0 where
/// unknown.
struct TableName {
  std::string schema;  // empty when the name has no schema
  std::string name;
  int line = 0;
  int column = 0;
};

class SelectReader {
 public:
  virtual ~SelectReader() = default;
  /// All tables that one SELECT reads, in order of appearance and as often as they appear; names of its own
  /// WITH clauses are left out. bad_sql with such a place when the text is not exactly one SELECT.
  virtual Result<std::vector<TableName>> tables(std::string_view sql) = 0;
};

}  // namespace anabranch::project
