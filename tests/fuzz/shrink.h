#pragma once

#include "tests/fuzz/case.h"
#include "tests/fuzz/runner.h"

namespace anabranch::fuzz {

struct Shrunk {
  Case small;
  Failure failure;
  int runs = 0;
};

/// A smaller case that fails in the same way, found greedily: fewer steps, views, events, clauses, fields.
Shrunk shrink(const Case& of, const Failure& failure, int runs_max);

}  // namespace anabranch::fuzz
