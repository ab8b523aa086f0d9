#pragma once
// The columns of the rows stage: each different expression once. A value of one thread.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sql/syntax.h"

namespace anabranch::views {

class RowColumns {
 public:
  /// The name of the column that holds the expression; added when it is new.
  std::string add(const sql::Expr& expr, std::string_view prefix);
  /// Adds a column of this name whatever is there already.
  void add_as(const sql::Expr& expr, const std::string& name);
  struct Column {
    std::string name;
    sql::Expr expr;
  };
  const std::vector<Column>& columns() const { return columns_; }

 private:
  std::vector<Column> columns_;
  std::map<std::string, std::string> by_sql_;
  std::map<std::string, int, std::less<>> counts_;
};

}  // namespace anabranch::views
