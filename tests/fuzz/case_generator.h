#pragma once

#include "tests/fuzz/case.h"
#include "tests/fuzz/faults.h"

namespace anabranch::fuzz {

/// The same seed and faults give the same case.
Case make_case(uint64_t seed, bool has_processes, const Faults& faults);

}  // namespace anabranch::fuzz
