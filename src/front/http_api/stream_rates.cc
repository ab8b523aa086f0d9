#include "front/http_api/stream_rates.h"

#include <numeric>

namespace anabranch::front::http_api {

void StreamRates::sample() {
  constexpr int64_t window_us = 5'000'000;
  const int64_t now_us = clock_.monotonic_us();
  for (const auto& [name, offsets] : events_.durable_offsets()) {
    const int64_t count = std::accumulate(offsets.begin(), offsets.end(), int64_t{0});
    Lock lock(mutex_);
    meters_.try_emplace(name, window_us).first->second.sample(now_us, count);
  }
}

double StreamRates::per_s(const std::string& stream) const {
  Lock lock(mutex_);
  const auto found = meters_.find(stream);
  return found == meters_.end() ? 0 : found->second.per_s();
}

}  // namespace anabranch::front::http_api
