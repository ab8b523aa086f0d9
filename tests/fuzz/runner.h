#pragma once

#include <optional>
#include <string>

#include "tests/fuzz/case.h"
#include "tests/fuzz/coverage.h"

namespace anabranch::fuzz {

struct Failure {
  std::string kind;  // "answer", "class", "step"
  std::string view;  // of an answer or a class
  size_t step = 0;   // after which, counting from 0; the start is step 0 too
  std::string text;
};

/// Runs a case; the first thing that is wrong, if any. `invalid` is set where plain DuckDB does not take the
/// case itself. Any thread.
std::optional<Failure> run(const Case& of, Coverage* coverage, bool& invalid);

}  // namespace anabranch::fuzz
