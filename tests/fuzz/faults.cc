#include "tests/fuzz/faults.h"

#include <cstdlib>

namespace anabranch::fuzz {

Faults faults_to_make() {
  const char* given = std::getenv("ANABRANCH_FUZZ_FAULTS");
  const std::string asked = given == nullptr ? "" : given;
  Faults faults;
  for (const KnownFault& fault : known_faults) {
    if (fault.is_mended || asked == "all" || asked.find(fault.row) != std::string::npos)
      faults.insert(fault.row);
  }
  return faults;
}

}  // namespace anabranch::fuzz
