#include "lake/durable.h"

#include <algorithm>
#include <atomic>

#include "base/threads.h"

namespace anabranch::lake {

std::vector<Status> do_together(size_t count, const std::function<Status(size_t)>& work) {
  constexpr size_t threads_max = 8;  // they wait for the disk: more than there are cores
  std::vector<Status> outcomes(count);
  std::atomic<size_t> next = 0;
  run_on_threads(std::min(threads_max, count), [&] {
    for (size_t i = next++; i < count; i = next++) outcomes[i] = work(i);
  });
  return outcomes;
}

Status make_all_durable(ObjectStore& store, std::vector<std::string> keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  const auto outcomes = do_together(keys.size(), [&](size_t i) -> Status {
    TRY(store.make_durable(keys[i]));
    return {};
  });
  for (const Status& outcome : outcomes) {
    if (!outcome) return outcome;
  }
  return {};
}

}  // namespace anabranch::lake
