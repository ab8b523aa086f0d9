#include "app/build_estimate.h"

#include <algorithm>

namespace anabranch::app {
namespace {

constexpr size_t builds_looked_at = 50;

}  // namespace

std::optional<int64_t> estimated_ms(catalog::Catalog& catalog, int64_t events) {
  const auto runs = catalog.builds(builds_looked_at);
  if (!runs) return std::nullopt;
  for (const catalog::BuildRun& run : *runs) {
    if (run.state != catalog::BuildState::published || !run.end) continue;
    int64_t built = 0;
    for (const auto& [stream, offsets] : run.start.cutoff) built += model::event_count(offsets);
    const double views = std::max<double>(1, static_cast<double>(run.start.views.size()));
    const auto took_us = static_cast<double>(run.end->finished_at_us - run.start.started_at_us);
    if (built == 0) continue;
    return static_cast<int64_t>(took_us / 1000 / views * static_cast<double>(events) /
                                static_cast<double>(built));
  }
  return std::nullopt;
}

}  // namespace anabranch::app
