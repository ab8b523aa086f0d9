#pragma once

#include <set>
#include <string>

namespace anabranch::security {

/// Who asks. A plain value; what it may see is for the Policy.
struct Caller {
  std::string name;             // empty: nobody has said who it is
  std::set<std::string> roles;  // none for the local caller
  bool operator==(const Caller&) const = default;
  auto operator<=>(const Caller&) const = default;
};

/// The one caller of a server that only its own machine reaches and that asks nobody for a login.
inline Caller local_caller() { return {}; }

}  // namespace anabranch::security
