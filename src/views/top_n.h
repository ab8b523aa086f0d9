#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sql/syntax.h"

namespace anabranch::views {

/// `row_number() OVER (…) <= n`, in any of the ways to write it; also rank and dense_rank.
struct TopN {
  sql::Expr window;
  int64_t rows = 0;
};

/// A QUALIFY that is one condition on a rank, and `others` without windows. Nothing where it is something
/// else.
std::optional<TopN> top_n(const sql::Expr& qualify, std::vector<sql::Expr>& others);

}  // namespace anabranch::views
