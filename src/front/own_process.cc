#include "front/own_process.h"

#include <unistd.h>

#include "io/process.h"

namespace anabranch::front {

ProcessState own_process(int64_t started_at_us) {
  return {"server", ::getpid(), io::own_memory_bytes(), started_at_us, 0, std::nullopt};
}

}  // namespace anabranch::front
