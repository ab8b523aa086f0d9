#pragma once
// The one thing that the loader asks about SQL.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/syntax.h"

namespace anabranch::project {

/// A table as a SELECT names it, with its place in the text of the SELECT: from 1, columns in bytes, 0 where
/// unknown.
struct TableName {
  std::string schema;  // empty when the name has no schema
  std::string name;
  int line = 0;
  int column = 0;
};

struct ReadSelect {
  /// All tables that it reads, in order of appearance and as often as they appear; names of its own WITH
  /// clauses are left out.
  std::vector<TableName> tables;
  std::shared_ptr<const sql::Select> tree;  // so that nobody parses it again
};

class SelectReader {
 public:
  virtual ~SelectReader() = default;
  /// bad_sql with such a place when the text is not exactly one SELECT.
  virtual Result<ReadSelect> read(std::string_view sql) = 0;
};

}  // namespace anabranch::project
