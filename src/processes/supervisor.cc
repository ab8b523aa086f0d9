#include "processes/supervisor.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "processes/own_link.h"
#include "processes/restart_delay.h"

namespace anabranch::processes {
namespace {

constexpr int64_t look_every_us = 200'000;
constexpr int64_t cancel_every_us = 50'000;
// A child that ends closes its connection a moment before the system says how it ended.
constexpr int64_t end_after_close_us = 1'000'000;
constexpr size_t ends_kept = 8;

double seconds(int64_t us) { return static_cast<double>(us) / 1e6; }

}  // namespace

struct Supervisor::Watched {
  std::unique_ptr<Child> child;
  std::shared_ptr<Link> link;
  int64_t started_us = 0;
  bool is_ready = false;
  int64_t progress_us = 0;  // when it said so last, or became ready
  int64_t ping_us = 0;      // when the next one is due
  uint64_t heard = 0;
  int missed = 0;  // times that it was asked for a sign of life and nothing came
};

Supervisor::Supervisor(Options options, Link::Handler handler, Link::TellHandler told, Listeners listeners)
    : options_(std::move(options)),
      handler_(std::move(handler)),
      told_(std::move(told)),
      listeners_(std::move(listeners)) {
  Lock lock(mutex_);
  report_.kind = options_.child.kind;
}

Supervisor::~Supervisor() { stop(); }

void Supervisor::start() {
  Lock lock(joining_);
  thread_ = std::thread([this] { run(); });
}

std::shared_ptr<Link> Supervisor::link() {
  Lock lock(mutex_);
  return link_ && link_->is_open() ? link_ : nullptr;
}

Result<std::shared_ptr<Link>> Supervisor::wait_for_link(
    int64_t timeout_us, const std::shared_ptr<const std::atomic<bool>>& cancelled) {
  const int64_t until_us = io::system_clock().monotonic_us() + timeout_us;
  Lock lock(mutex_);
  while (true) {
    if (is_stopping_) return fail(Code::unavailable, fmt::format("the {} is being stopped", report_.kind));
    if (link_ && link_->is_open()) return link_;
    if (cancelled && cancelled->load()) return fail(Code::cancelled, "nobody waits any more");
    int64_t left_us = until_us - io::system_clock().monotonic_us();
    if (left_us <= 0) return fail(Code::timeout, report_.describe(), "try again later");
    if (cancelled) left_us = std::min(left_us, cancel_every_us);
    lock.wait_for(changed_, std::chrono::microseconds(left_us));
  }
}

ProcessReport Supervisor::report() {
  Lock lock(mutex_);
  ProcessReport report = report_;
  if (child_ != nullptr) report.memory_bytes = child_->memory_bytes();
  return report;
}

void Supervisor::stop(int64_t within_us) {
  {
    Lock lock(mutex_);
    if (!is_stopping_) stop_at_us_ = io::system_clock().monotonic_us() + within_us;
    is_stopping_ = true;
    wake_.notify_all();
    changed_.notify_all();
  }
  Lock lock(joining_);
  if (thread_.joinable()) thread_.join();
}

bool Supervisor::is_stopping() {
  Lock lock(mutex_);
  return is_stopping_;
}

void Supervisor::note(News news) {
  Lock lock(mutex_);
  said_ready_ |= news == News::ready;
  said_progress_ |= news == News::progress;
  has_news_ = true;
  wake_.notify_all();
}

void Supervisor::note_closed(const Error& why) {
  Lock lock(mutex_);
  closed_ = why;
  has_news_ = true;
  wake_.notify_all();
}

void Supervisor::run() {
  RestartDelay delay;
  while (!is_stopping()) {
    const ProcessEnd end = run_one();
    int64_t next_us = 0;
    {
      Lock lock(mutex_);
      if (is_stopping_) return;
      report_.last_ends.push_back(end);
      if (report_.last_ends.size() > ends_kept) report_.last_ends.erase(report_.last_ends.begin());
      const int64_t delay_us = delay.after_us(end.ran_us);
      next_us = options_.clock->monotonic_us() + delay_us;
      report_.next_start_at_us = options_.clock->now_us() + delay_us;
    }
    if (listeners_.ended) listeners_.ended(end);
    if (!wait_until(next_us)) return;
    Lock lock(mutex_);
    ++report_.restarts;
  }
}

ProcessEnd Supervisor::run_one() {
  Watched watched;
  watched.started_us = options_.clock->monotonic_us();
  const auto ended = [&](std::string why) {
    return ProcessEnd{options_.clock->now_us(), options_.clock->monotonic_us() - watched.started_us,
                      std::move(why)};
  };
  {
    Lock lock(mutex_);
    has_news_ = said_ready_ = said_progress_ = false;
    closed_.reset();
  }
  auto child = Child::start(options_.child, [this] { note(News::ended); });
  if (!child) return ended("could not be started: " + child.error().message);
  watched.child = std::move(*child);
  watched.link = Link::over(
      watched.child->take_socket(), handler_,
      [this](std::string_view topic, std::string_view bytes) {
        if (topic == ready_topic)
          note(News::ready);
        else if (topic == progress_topic)
          note(News::progress);
        else if (told_)
          told_(topic, bytes);
      },
      options_.link);
  watched.link->on_close([this](const Error& why) { note_closed(why); });
  {
    Lock lock(mutex_);
    child_ = watched.child.get();
    report_.pid = child_->pid();
    report_.started_at_us = options_.clock->now_us();
    report_.next_start_at_us = 0;
  }
  if (listeners_.started) listeners_.started(watched.link);
  watch(watched);
  std::string why = watched.child->wait(-1)->why;
  {
    Lock lock(mutex_);
    link_.reset();
    child_ = nullptr;
    report_.pid = 0;
    report_.is_ready = false;
    report_.started_at_us = 0;
    if (closed_ && closed_->code == Code::corrupt) why = "sent what cannot be understood and was ended";
  }
  watched.link->close();
  return ended(std::move(why));
}

void Supervisor::watch(Watched& watched) {
  while (true) {
    {
      const int64_t until_ping_us = watched.ping_us - options_.clock->monotonic_us();
      Lock lock(mutex_);
      if (!has_news_ && !is_stopping_)
        lock.wait_for(wake_,
                      std::chrono::microseconds(std::clamp<int64_t>(until_ping_us, 1000, look_every_us)));
      has_news_ = false;
    }
    if (watched.child->wait(0)) return;
    if (is_stopping()) {
      end_in_order(watched);
      return;
    }
    if (std::string why = look_at(watched); !why.empty()) {
      watched.child->kill(std::move(why));
      return;
    }
  }
}

std::string Supervisor::look_at(Watched& watched) {
  bool said_ready = false;
  bool said_progress = false;
  std::optional<Error> closed;
  {
    Lock lock(mutex_);
    said_ready = said_ready_;
    said_progress = std::exchange(said_progress_, false);
    closed = closed_;
  }
  if (closed) {
    if (closed->code != Code::corrupt && watched.child->wait(end_after_close_us)) return {};
    return fmt::format("lost its connection and was ended: {}", closed->message);
  }
  const int64_t now_us = options_.clock->monotonic_us();
  if (said_ready && !watched.is_ready) {
    become_ready(watched);
    watched.progress_us = now_us;
  }
  if (said_progress) watched.progress_us = now_us;
  if (!watched.is_ready && options_.ready_within_us > 0 &&
      now_us - watched.started_us > options_.ready_within_us)
    return fmt::format("was not ready after {:.1f} s and was ended", seconds(now_us - watched.started_us));
  if (watched.is_ready && options_.progress_within_us > 0 &&
      now_us - watched.progress_us > options_.progress_within_us)
    return fmt::format("made no progress for {:.1f} s and was ended", seconds(now_us - watched.progress_us));
  if (now_us < watched.ping_us) return {};
  // Times asked are counted and not time itself: all processes may have been stopped together. Before its
  // first word a child has nobody yet who could answer.
  const uint64_t heard = watched.link->heard();
  watched.missed = heard == watched.heard && heard > 0 ? watched.missed + 1 : 0;
  watched.heard = heard;
  if (watched.missed > options_.heartbeats_missed_max)
    return fmt::format("gave no sign of life for {:.1f} s and was ended",
                       seconds(watched.missed * options_.heartbeat_us));
  watched.link->ping();
  watched.ping_us = now_us + options_.heartbeat_us;
  return {};
}

void Supervisor::become_ready(Watched& watched) {
  if (listeners_.ready) listeners_.ready(watched.link);
  watched.is_ready = true;
  Lock lock(mutex_);
  link_ = watched.link;
  report_.is_ready = true;
  changed_.notify_all();
}

void Supervisor::end_in_order(Watched& watched) {
  const auto left_us = [this] {
    Lock lock(mutex_);
    return std::max<int64_t>(stop_at_us_ - io::system_clock().monotonic_us(), 0);
  };
  watched.link->tell(stop_topic, "");
  if (watched.child->wait(left_us() / 2)) return;
  watched.child->terminate();
  if (watched.child->wait(left_us() / 2)) return;
  watched.child->kill("did not end when it was asked to and was ended");
}

bool Supervisor::wait_until(int64_t until_us) {
  while (true) {
    const int64_t left_us = until_us - options_.clock->monotonic_us();
    Lock lock(mutex_);
    if (is_stopping_) return false;
    if (left_us <= 0) return true;
    lock.wait_for(wake_, std::chrono::microseconds(std::min(left_us, look_every_us)));
  }
}

}  // namespace anabranch::processes
