#include "io/random.h"

#include <random>

namespace anabranch::io {

uint64_t random_u64() {
  std::random_device device;
  return (static_cast<uint64_t>(device()) << 32) | device();
}

}  // namespace anabranch::io
