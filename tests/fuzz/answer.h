#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sql/database.h"
#include "tests/fuzz/case.h"

namespace anabranch::fuzz {

/// All rows of a view, each value as SQL text; or why there are none.
struct Answer {
  std::string error;
  std::vector<std::string> names;
  std::vector<std::string> types;
  std::vector<std::vector<std::optional<std::string>>> rows;

  static Answer of(const Result<sql::Rows>& rows);
};

/// In what two answers of a view differ, rows as a multiset, doubles within their tolerance; nothing when
/// they are the same. That a sum overflows is an answer where it is expected, and where the view's engine may
/// say so early; rows are one in its place where the sum stands in a view below.
std::string difference(const Answer& expected, const Answer& actual, const View& view);

}  // namespace anabranch::fuzz
