#include "processes/process_report.h"

#include <fmt/format.h>

namespace anabranch::processes {

std::string ProcessReport::describe() const {
  // Seconds are what people ask for.
  const auto moment = [](io::TimeUs at_us) { return io::to_iso8601(at_us / 1'000'000 * 1'000'000); };
  const bool has_ended = !last_ends.empty();
  std::string text =
      has_ended ? fmt::format("the {} {}; it ", kind, last_ends.back().why) : fmt::format("the {} ", kind);
  if (pid != 0 && is_ready)
    return text + fmt::format("runs {}since {}", has_ended ? "again " : "", moment(started_at_us));
  if (pid != 0) return text + fmt::format("is starting since {}", moment(started_at_us));
  if (next_start_at_us != 0) return text + fmt::format("starts again at {}", moment(next_start_at_us));
  return text + "does not run";
}

}  // namespace anabranch::processes
