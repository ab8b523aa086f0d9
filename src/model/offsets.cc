#include "model/offsets.h"

namespace anabranch::model {

bool is_at_most(const Offsets& a, const Offsets& b) {
  for (const auto& [stream, partitions] : a) {
    const auto other = b.find(stream);
    for (size_t i = 0; i < partitions.size(); ++i) {
      const Offset limit = other != b.end() && i < other->second.size() ? other->second[i] : 0;
      if (partitions[i] > limit) return false;
    }
  }
  return true;
}

}  // namespace anabranch::model
