#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/mutex.h"

namespace anabranch::http {

/// Lets `per_s` through a second on average and `burst` at once. Any thread may call.
class TokenBucket {
 public:
  TokenBucket(double per_s, double burst) : per_s_(per_s), burst_(burst), tokens_(burst) {}

  /// Zero when one may pass now; else how long to wait. `now_us` never goes back.
  std::chrono::milliseconds take(int64_t now_us) {
    Lock lock(mutex_);
    if (filled_us_ >= 0) {
      tokens_ = std::min(burst_, tokens_ + per_s_ * static_cast<double>(now_us - filled_us_) / 1e6);
    }
    filled_us_ = now_us;
    if (tokens_ >= 1) {
      tokens_ -= 1;
      return std::chrono::milliseconds(0);
    }
    return std::chrono::milliseconds(1 + static_cast<int64_t>((1 - tokens_) / per_s_ * 1000));
  }

 private:
  const double per_s_;
  const double burst_;
  Mutex mutex_;
  double tokens_ GUARDED_BY(mutex_);
  int64_t filled_us_ GUARDED_BY(mutex_) = -1;
};

}  // namespace anabranch::http
