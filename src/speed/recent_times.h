#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace anabranch::speed {

/// The last thousand durations, for percentiles. Not thread-safe.
class RecentTimes {
 public:
  void add(int64_t time_us) {
    times_[next_ % times_.size()] = time_us;
    ++next_;
  }
  size_t count() const { return std::min(next_, times_.size()); }
  /// The duration below which the given part (0 to 1) of them lies; nothing when there are none.
  std::optional<int64_t> percentile_us(double part) const {
    const size_t n = count();
    if (n == 0) return std::nullopt;
    std::array<int64_t, 1024> sorted = times_;
    const auto index = std::min(n - 1, static_cast<size_t>(part * static_cast<double>(n)));
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(index),
                     sorted.begin() + static_cast<std::ptrdiff_t>(n));
    return sorted[index];
  }

 private:
  std::array<int64_t, 1024> times_{};
  size_t next_ = 0;
};

}  // namespace anabranch::speed
