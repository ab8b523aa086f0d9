#include "app/project_watch.h"

#include <chrono>

#include <fmt/format.h>

#include "app/terminal.h"

namespace anabranch::app {
namespace {

constexpr auto round_time = std::chrono::milliseconds(500);

}  // namespace

ProjectWatch::ProjectWatch(front::Builds& builds, io::Path root, bool watches)
    : builds_(builds), root_(std::move(root)), watches_(watches) {
  if (watches_) {
    if (auto texts = read_project_texts(io::local_file_system(), root_)) {
      seen_ = *texts;
      tried_ = std::move(*texts);
    }
  }
  thread_ = std::thread([this] { run(); });
}

ProjectWatch::~ProjectWatch() {
  {
    Lock lock(mutex_);
    is_over_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void ProjectWatch::ask() {
  Lock lock(mutex_);
  is_asked_ = true;
  changed_.notify_all();
}

void ProjectWatch::run() {
  while (true) {
    bool is_asked = false;
    {
      Lock lock(mutex_);
      if (!is_asked_ && !is_over_) {
        if (watches_) {
          lock.wait_for(changed_, round_time);
        } else {
          lock.wait(changed_);
        }
      }
      if (is_over_) return;
      is_asked = std::exchange(is_asked_, false);
    }
    if (is_asked) {
      apply();
    } else if (watches_) {
      look();
    }
  }
}

// An editor may be in the middle of writing: two looks must see the same.
void ProjectWatch::look() {
  auto texts = read_project_texts(io::local_file_system(), root_);
  if (!texts) return;
  const bool is_quiet = *texts == seen_;
  seen_ = std::move(*texts);
  if (!is_quiet || seen_ == tried_) return;
  tried_ = seen_;
  apply();
}

void ProjectWatch::apply() {
  const auto plan = builds_.apply(security::local_caller(), {});
  if (!plan) {
    fmt::print(stderr, "{} {}\n", colored("not applied:", Color::red), plan.error().describe());
  } else if (plan->items.empty()) {
    fmt::print("nothing changes\n");
  } else {
    std::string names;
    for (const auto& item : plan->items) names += (names.empty() ? "" : ", ") + item.name;
    fmt::print("{} {}\n", colored("applied", Color::green), names);
    for (const std::string& warning : plan->warnings)
      fmt::print(stderr, "{} {}\n", colored("warning:", Color::yellow), warning);
  }
  std::fflush(stdout);
}

}  // namespace anabranch::app
