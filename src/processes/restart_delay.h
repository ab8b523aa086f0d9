#pragma once

#include <algorithm>
#include <cstdint>

namespace anabranch::processes {

/// How long a child that ended stays away: at first not at all, then longer each time, until it has run
/// steadily.
class RestartDelay {
 public:
  static constexpr int64_t first_us = 100'000;
  static constexpr int64_t most_us = 5'000'000;
  static constexpr int64_t steady_us = 60'000'000;  // who ran so long begins anew

  /// After a run of so long.
  int64_t after_us(int64_t ran_us) {
    if (ran_us >= steady_us) next_us_ = 0;
    const int64_t delay_us = next_us_;
    next_us_ = delay_us == 0 ? first_us : std::min(2 * delay_us, most_us);
    return delay_us;
  }

 private:
  int64_t next_us_ = 0;
};

}  // namespace anabranch::processes
