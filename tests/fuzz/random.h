#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

namespace anabranch::fuzz {

/// Choices that a seed repeats. One thread.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  /// 0 to n - 1.
  int below(int n) { return static_cast<int>(engine_() % static_cast<uint64_t>(n)); }
  int between(int least, int most) { return least + below(most - least + 1); }
  bool chance(int percent) { return below(100) < percent; }
  uint64_t number() { return engine_(); }
  template <typename T>
  const T& pick(const std::vector<T>& all) {
    return all[static_cast<size_t>(below(static_cast<int>(all.size())))];
  }
  std::string pick(std::initializer_list<const char*> all) {
    return all.begin()[below(static_cast<int>(all.size()))];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace anabranch::fuzz
