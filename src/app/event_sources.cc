#include "app/event_sources.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/platform.h"
#include "ingest/excerpt.h"

namespace anabranch::app {
namespace {

constexpr auto round_time = std::chrono::milliseconds(500);

// What will never go into the log, however often it is tried, or what somebody has ended (an import).
bool is_final(Code code) {
  return code == Code::bad_input || code == Code::too_large || code == Code::refused ||
         code == Code::conflict || code == Code::cancelled || code == Code::timeout;
}

}  // namespace

EventSources::EventSources(Platform& platform, SlotGround ground)
    : platform_(platform), ground_(std::move(ground)), thread_([this] { run(); }) {}

EventSources::~EventSources() {
  {
    Lock lock(mutex_);
    is_over_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

bool EventSources::is_over() {
  Lock lock(mutex_);
  return is_over_;
}

void EventSources::run() {
  while (!is_over()) {
    const auto project = platform_.project();
    if (project != project_) open_those_of(*project);
    project_ = project;
    bool has_more = false;
    for (auto& [name, open] : sources_) has_more = (!is_over() && ask(name, open)) || has_more;
    if (has_more) continue;
    Lock lock(mutex_);
    if (!is_over_) lock.wait_for(changed_, round_time);
  }
}

bool EventSources::ask(const std::string& name, Open& open) {
  if (ground_.clock.monotonic_us() < open.due_us) return false;
  const Result<bool> has_more = take_next(open);
  const std::string trouble = has_more ? "" : has_more.error().describe();
  if (!has_more) open.due_us = ground_.clock.monotonic_us() + std::chrono::microseconds(round_time).count();
  if (trouble != open.trouble) {
    if (trouble.empty()) {
      spdlog::info("source {}: goes on", name);
    } else {
      spdlog::warn("source {}: {}; it is tried again", name, trouble);
    }
    open.trouble = trouble;
  }
  return has_more && *has_more;
}

void EventSources::open_those_of(const project::Project& project) {
  std::erase_if(sources_, [&](const auto& open) {
    return std::ranges::none_of(project.sources, [&](const project::SourceFile& source) {
      return source.name == open.first && source.arriving == open.second.declared;
    });
  });
  for (const project::SourceFile& source : project.sources) {
    if (!source.arriving || sources_.contains(source.name)) continue;
    auto opened = open_event_source(source, project.settings, ground_);
    if (opened) {
      sources_[source.name] = {*source.arriving, std::move(*opened), "", 0};
    } else {
      spdlog::error("source {}: {}", source.name, opened.error().describe());
    }
  }
}

Result<bool> EventSources::take_next(Open& open) {
  TRY(platform_.may_ingest());
  const auto arrival = TRY(open.source->next());
  if (!arrival) return false;
  const auto accepted = platform_.accept(open.declared.stream, *arrival);
  if (!accepted && is_final(accepted.error().code)) {
    spdlog::warn("{} is refused: {}", ingest::excerpt(arrival->name), accepted.error().describe());
    TRY(open.source->refused(*arrival, accepted.error()));
    return true;
  }
  if (!accepted) return fail(accepted.error());
  TRY(open.source->taken(*arrival));
  if (accepted->quarantined > 0)
    spdlog::warn("{}: {} records are in quarantine", ingest::excerpt(arrival->name), accepted->quarantined);
  return true;
}

}  // namespace anabranch::app
