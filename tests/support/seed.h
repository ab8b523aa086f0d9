#pragma once

#include <cstdint>
#include <cstdlib>

#include "io/random.h"

namespace anabranch::test {

/// The seed of a randomised test: ANABRANCH_SEED when it is set, to repeat a run, else a new one. Print it.
inline uint64_t seed() {
  const char* given = std::getenv("ANABRANCH_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 0) : io::random_u64();
}

}  // namespace anabranch::test
