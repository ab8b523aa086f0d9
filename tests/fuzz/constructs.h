#pragma once
// What the generator can make, and what the program must make of it.

#include <string>
#include <vector>

namespace anabranch::fuzz {

struct Construct {
  const char* name;
  bool is_maintained;  // a view of only such constructs must be maintained
  char fault = 0;      // made only with this known fault
};

/// All of them; the run fails when it has not reached one that its faults allow.
const std::vector<Construct>& constructs();
/// Ends the program for a name that is not in the list.
const Construct& construct(const std::string& name);

}  // namespace anabranch::fuzz
