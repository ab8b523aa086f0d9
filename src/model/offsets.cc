#include "model/offsets.h"

#include <numeric>

namespace anabranch::model {

Offset offset_of(const Offsets& offsets, const std::string& stream, Partition partition) {
  const auto found = offsets.find(stream);
  const auto index = static_cast<size_t>(partition);
  return found == offsets.end() || index >= found->second.size() ? 0 : found->second[index];
}

Offset event_count(const std::vector<Offset>& partitions) {
  return std::accumulate(partitions.begin(), partitions.end(), Offset{0});
}

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
