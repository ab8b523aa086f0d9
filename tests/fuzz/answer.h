#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sql/database.h"

namespace anabranch::fuzz {

/// All rows of a view, each value as SQL text; or why there are none.
struct Answer {
  std::string error;
  std::vector<std::string> names;
  std::vector<std::string> types;
  std::vector<std::vector<std::optional<std::string>>> rows;

  static Answer of(const Result<sql::Rows>& rows);
};

/// In what two answers differ, rows as a multiset, doubles within their tolerance; nothing when they are the
/// same. An error is an answer where it is expected and both say that a sum overflows, or where
/// `can_overflow_early` and the answer says so.
std::string difference(const Answer& expected, const Answer& actual, bool can_overflow_early);

}  // namespace anabranch::fuzz
