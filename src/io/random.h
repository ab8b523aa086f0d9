#pragma once

#include <cstdint>

namespace anabranch::io {

/// A random number from the operating system: for names and seeds, so that tests can repeat a run by giving
/// the seed.
uint64_t random_u64();

}  // namespace anabranch::io
