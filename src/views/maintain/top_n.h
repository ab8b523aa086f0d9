#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/syntax.h"
#include "views/row_columns.h"

namespace anabranch::views {

/// `row_number() OVER (…) <= n`, in any of the ways to write it; also rank and dense_rank.
struct TopN {
  sql::Expr window;
  int64_t rows = 0;
  bool is_last_only = false;  // `= n`: of the rows up to n those of that rank are shown
};

/// A QUALIFY that is one condition on a rank, and `others` without windows. Nothing where it is something
/// else.
std::optional<TopN> top_n(const sql::Expr& qualify, std::vector<sql::Expr>& others);

/// The row of each key that comes first, as `row_number() … = 1` gives it: a hash aggregate over `sort_key`,
/// which is a list of arguments of create_sort_key.
std::string select_least_row(const std::vector<RowColumns::Column>& columns,
                             const std::vector<std::string>& keys, const std::string& sort_key,
                             std::string_view relation);

}  // namespace anabranch::views
