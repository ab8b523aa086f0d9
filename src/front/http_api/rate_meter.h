#pragma once

#include <cstdint>
#include <deque>

namespace anabranch::front::http_api {

/// How fast a count grows, measured over the last few seconds. Not thread-safe.
class RateMeter {
 public:
  explicit RateMeter(int64_t window_us) : window_us_(window_us) {}

  void sample(int64_t now_us, int64_t count) {
    samples_.push_back({now_us, count});
    // One sample at the edge of the window or before it stays, so that the whole window is measured.
    while (samples_.size() > 2 && samples_[1].at_us <= now_us - window_us_) samples_.pop_front();
  }
  double per_s() const {
    if (samples_.size() < 2) return 0;
    const int64_t time_us = samples_.back().at_us - samples_.front().at_us;
    if (time_us <= 0) return 0;
    return static_cast<double>(samples_.back().count - samples_.front().count) * 1e6 /
           static_cast<double>(time_us);
  }

 private:
  struct Sample {
    int64_t at_us = 0;
    int64_t count = 0;
  };
  const int64_t window_us_;
  std::deque<Sample> samples_;
};

}  // namespace anabranch::front::http_api
