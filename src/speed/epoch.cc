#include "speed/epoch.h"

#include "base/assert.h"

namespace anabranch::speed {

void EpochRegister::add(EpochPtr epoch) {
  Lock lock(mutex_);
  ANABRANCH_ASSERT(epochs_.empty() || epochs_.rbegin()->first < epoch->number);
  epochs_[epoch->number] = std::move(epoch);
}

EpochRegister::Pin EpochRegister::pin() {
  Lock lock(mutex_);
  ANABRANCH_ASSERT(!epochs_.empty());
  // The row may still name the epoch before the newest one, which was added before its row was written.
  auto newest = std::prev(epochs_.end());
  if (newest != epochs_.begin()) --newest;
  ++pins_[newest->first];
  return Pin(*this, newest->first);
}

void EpochRegister::unpin(int64_t number) {
  Lock lock(mutex_);
  const auto found = pins_.find(number);
  ANABRANCH_ASSERT(found != pins_.end());
  if (--found->second == 0) pins_.erase(found);
}

EpochPtr EpochRegister::find(int64_t number) const {
  Lock lock(mutex_);
  const auto found = epochs_.find(number);
  return found == epochs_.end() ? nullptr : found->second;
}

EpochPtr EpochRegister::newest() const {
  Lock lock(mutex_);
  return epochs_.empty() ? nullptr : epochs_.rbegin()->second;
}

std::vector<EpochPtr> EpochRegister::all() const {
  Lock lock(mutex_);
  std::vector<EpochPtr> list;
  for (const auto& [number, epoch] : epochs_) list.push_back(epoch);
  return list;
}

std::vector<EpochPtr> EpochRegister::retire() {
  Lock lock(mutex_);
  std::vector<EpochPtr> retired;
  while (epochs_.size() > 1) {
    const auto oldest = epochs_.begin();
    if (!pins_.empty() && pins_.begin()->first <= oldest->first) break;
    retired.push_back(oldest->second);
    epochs_.erase(oldest);
  }
  return retired;
}

}  // namespace anabranch::speed
