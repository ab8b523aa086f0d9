#include "processes/child.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "io/clock.h"

namespace anabranch::processes {
namespace {

std::string last_line(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text.substr(text.rfind('\n') + 1));
}

std::string how(const io::ProcessExit& exit, const std::string& killed_because) {
  if (exit.signal == SIGKILL)
    return killed_because.empty() ? "was killed from outside, or because the system has run out of memory"
                                  : killed_because;
  const std::string said = exit.errors.empty() ? "" : ": " + last_line(exit.errors);
  if (exit.signal != 0)
    return fmt::format("ended by signal {} ({}){}", exit.signal, ::strsignal(exit.signal), said);
  if (exit.code != 0) return fmt::format("ended with code {}{}", exit.code, said);
  return "ended";
}

}  // namespace

Result<std::unique_ptr<Child>> Child::start(ChildOrder order, std::function<void()> on_end) {
  auto [ours, theirs] = TRY(io::Socket::pair());
  auto process = TRY(io::SpawnedProcess::start({.program = order.program,
                                                .arguments = order.arguments,
                                                .terms = {.nice = order.nice,
                                                          .data_bytes_max = order.data_bytes_max,
                                                          .oom_score_adj = order.oom_score_adj}},
                                               std::move(theirs)));
  return std::unique_ptr<Child>(
      new Child(std::move(order), std::move(process), std::move(ours), std::move(on_end)));
}

Child::Child(ChildOrder order, std::unique_ptr<io::SpawnedProcess> process, io::Socket socket,
             std::function<void()> on_end)
    : order_(std::move(order)), process_(std::move(process)), socket_(std::move(socket)) {
  watcher_ = std::thread([this, on_end = std::move(on_end)] { watch(on_end); });
}

Child::~Child() {
  kill("was ended");
  watcher_.join();
}

void Child::kill(std::string why) {
  {
    Lock lock(mutex_);
    if (killed_because_.empty()) killed_because_ = std::move(why);
  }
  process_->signal(SIGKILL);
}

std::optional<ChildEnd> Child::wait(int64_t timeout_us) {
  const int64_t until_us = io::system_clock().monotonic_us() + timeout_us;
  Lock lock(mutex_);
  while (!end_) {
    const int64_t left_us = until_us - io::system_clock().monotonic_us();
    if (timeout_us < 0)
      lock.wait(changed_);
    else if (left_us <= 0)
      return std::nullopt;
    else
      lock.wait_for(changed_, std::chrono::microseconds(left_us));
  }
  return end_;
}

void Child::watch(const std::function<void()>& on_end) {
  const auto exit = process_->run({
      .on_line = order_.on_line,
      .on_memory =
          [this](const io::ProcessMemory& now) {
            memory_bytes_ = now.anonymous;
            if (order_.memory_bytes_max > 0 && now.anonymous > order_.memory_bytes_max)
              kill(fmt::format("used more than {} MB of memory and was ended",
                               std::max<uint64_t>(order_.memory_bytes_max / 1'000'000, 1)));
          },
  });
  memory_bytes_ = 0;
  {
    Lock lock(mutex_);
    end_ = exit ? ChildEnd{*exit, how(*exit, killed_because_)} : ChildEnd{{.code = -1}, exit.error().message};
    changed_.notify_all();
  }
  if (on_end) on_end();
}

}  // namespace anabranch::processes
