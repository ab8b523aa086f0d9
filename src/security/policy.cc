#include "security/policy.h"

namespace anabranch::security {

std::shared_ptr<const Policy> allow_all() {
  static const auto everything = std::make_shared<const AllowAll>();
  return everything;
}

}  // namespace anabranch::security
