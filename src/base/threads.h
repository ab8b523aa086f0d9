#pragma once
// The same work on several threads, for as long as a call lasts.

#include <algorithm>
#include <cstddef>
#include <thread>
#include <vector>

namespace anabranch {

/// Runs `work` on so many threads, of which the caller's is one, and returns when all have ended. The work
/// hands out its parts itself and does not throw.
template <typename Work>
void run_on_threads(size_t threads, const Work& work) {
  std::vector<std::jthread> others;
  for (size_t i = 1; i < threads; ++i) others.emplace_back([&work] { work(); });
  work();
}

/// How many threads can run at once; 1 where it is not known.
inline size_t core_count() { return std::max<size_t>(1, std::thread::hardware_concurrency()); }

}  // namespace anabranch
