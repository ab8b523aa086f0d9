#include "log/tail_cache.h"

#include <algorithm>

namespace anabranch::log {
namespace {

// What a batch takes in memory, its own fields included: many tiny batches must not escape the bound.
size_t bytes_of(const Batch& batch) {
  size_t bytes = sizeof(Batch) + sizeof(std::string) + batch.payload->size();
  for (const Reject& reject : batch.rejects)
    bytes += sizeof(Reject) + reject.reason.size() + reject.raw.size();
  return bytes;
}

}  // namespace

void TailCache::push(BatchPtr batch) {
  bytes_ += bytes_of(*batch);
  batches_.push_back(std::move(batch));
  while (bytes_ > bytes_max_) {
    bytes_ -= bytes_of(*batches_.front());
    begin_ = batches_.front()->end_offset();
    batches_.pop_front();
  }
}

void TailCache::restart(model::Offset next_offset) {
  batches_.clear();
  bytes_ = 0;
  begin_ = next_offset;
}

std::vector<BatchPtr> TailCache::read(model::Offset from, model::Offset end, size_t bytes_max) const {
  std::vector<BatchPtr> found;
  size_t bytes = 0;
  auto batch =
      std::upper_bound(batches_.begin(), batches_.end(), from,
                       [](model::Offset offset, const BatchPtr& b) { return offset < b->end_offset(); });
  for (; batch != batches_.end() && (*batch)->base_offset < end; ++batch) {
    found.push_back(*batch);
    bytes += (*batch)->payload->size();
    if (bytes >= bytes_max) break;
  }
  return found;
}

}  // namespace anabranch::log
