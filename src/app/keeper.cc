#include "app/keeper.h"

#include <algorithm>
#include <chrono>

#include <spdlog/spdlog.h>

namespace anabranch::app {
namespace {

constexpr auto look_interval = std::chrono::milliseconds(500);
constexpr auto after_failed_build = std::chrono::seconds(30);
constexpr int64_t tidy_interval_us = 600'000'000;
constexpr int64_t archive_step_events = 200'000;
constexpr int64_t archive_wait_min_us = 2'000'000;
constexpr int64_t archive_wait_max_us = 120'000'000;
constexpr int64_t replay_events_per_ms = 100;  // a cautious guess of how fast a restart replays

}  // namespace

Keeper::Keeper(Stations& stations, RunningProject& running, Changes& changes, Basis& basis,
               TableCopying& copying, Retention& retention, Builds& builds)
    : stations_(stations),
      running_(running),
      changes_(changes),
      basis_(basis),
      copying_(copying),
      retention_(retention),
      builds_(builds),
      thread_([this] { run(); }) {}

Keeper::~Keeper() { thread_.join(); }

void Keeper::run() {
  while (true) {
    changes_.wait_for_stop(look_interval);
    if (changes_.is_stopping()) return;
    if (changes_.running()) continue;
    const int64_t now_us = stations_.clock.monotonic_us();
    if (is_build_due()) {
      build();
    } else if (now_us >= tidy_after_us_) {
      tidy();
    } else if (now_us >= archive_after_us_ && unarchived_events() >= archive_step_events) {
      archive();
    }
  }
}

bool Keeper::is_build_due() const {
  const project::BuildSettings when = running_.get()->settings.build;
  const int64_t events = stations_.speed->stats().slice_events;
  const bool are_many = when.auto_events > 0 && events >= static_cast<int64_t>(when.auto_events);
  const bool is_replay_long =
      when.auto_replay_ms > 0 && events / replay_events_per_ms >= static_cast<int64_t>(when.auto_replay_ms);
  return are_many || is_replay_long;
}

void Keeper::build() {
  const auto built = builds_.build({}, "events since the last build");
  if (built) return;
  spdlog::error("a build that started by itself failed: {}", built.error().describe());
  changes_.wait_for_stop(after_failed_build);
}

void Keeper::tidy() {
  tidy_after_us_ = stations_.clock.monotonic_us() + tidy_interval_us;
  {
    Lock changing(changes_.mutex());
    retention_.tidy();
  }
  copying_.repin_if_due();
}

void Keeper::archive() {
  Status archived;
  {
    Lock changing(changes_.mutex());
    archived = stations_.archiver->archive(stations_.speed->applied());
    if (archived) basis_.use_archives();
  }
  copying_.repin_if_due();
  if (archived) {
    archive_wait_us_ = 0;
    return;
  }
  archive_wait_us_ = std::clamp(2 * archive_wait_us_, archive_wait_min_us, archive_wait_max_us);
  archive_after_us_ = stations_.clock.monotonic_us() + archive_wait_us_;
  spdlog::warn("events could not be archived, and this is tried again in {} s: {}",
               archive_wait_us_ / 1'000'000, archived.error().describe());
}

int64_t Keeper::unarchived_events() const {
  const auto archived = basis_.archived();
  int64_t events = 0;
  for (const auto& [stream, offsets] : stations_.speed->applied()) {
    const auto done = archived.find(stream);
    events += model::event_count(offsets) - (done == archived.end() ? 0 : model::event_count(done->second));
  }
  return events;
}

}  // namespace anabranch::app
