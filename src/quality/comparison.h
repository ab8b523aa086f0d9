#pragma once
// Rows of a recompute against rows of a read.
//
// Rows are a multiset: their order is not compared. Integers, decimals, texts, times and everything else are
// equal to the bit; NaN equals NaN only, an infinity only itself, -0.0 equals 0.0. Where a view aggregates,
// doubles, also those inside of lists, structs and maps, are equal when they differ by at most a tolerance
// times the larger one's size, or by the tolerance where both are below 1: 1e-9, and 1e-6 where a view takes
// skewness or kurtosis, which the engine computes from sums of powers that lose digits. (Law L2 allows 1e-9
// of the sum of what was added up, which is not known from outside: a sum that cancels to near zero may be
// called different, never the other way round.)

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "quality/verdict.h"
#include "sql/database.h"

namespace anabranch::quality {

constexpr double exact = 0;
constexpr double tolerance_of_sums = 1e-9;
constexpr double tolerance_of_powers = 1e-6;

struct ComparedRows {
  int64_t expected_rows = 0;
  int64_t actual_rows = 0;
  int64_t different_rows = 0;
  std::vector<Difference> differences;  // the first ones
  // Of the different rows, on both sides: the columns that are compared to the bit ("c0, c2"), and a SELECT
  // of them.
  std::string exact_columns;
  std::string different_select;
};

/// `expected` and `actual` are relations with the same columns c0, c1, … of these types; `names` are for
/// people.
Result<ComparedRows> compare_rows(sql::Session& session, const std::string& expected,
                                  const std::string& actual, const std::vector<std::string>& names,
                                  const std::vector<std::string>& types, double tolerance);

/// A condition: two values of a type, given as SQL, are equal within the tolerance.
std::string is_close(const std::string& type, const std::string& a, const std::string& b, double tolerance);

/// Whether a value of the type holds a double somewhere.
bool has_double(const std::string& type);

}  // namespace anabranch::quality
