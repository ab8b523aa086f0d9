#include "app/tasks.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "io/random.h"

namespace anabranch::app {
namespace {

// How often one that has to end is told again, and limits are looked at.
constexpr auto watch_interval = std::chrono::milliseconds(50);

}  // namespace

std::string new_task_id(io::Clock& clock) {
  std::string id;
  for (const char c : io::to_iso8601(clock.now_us() / 1000 * 1000)) {
    if (c != '-' && c != ':') id += c;
  }
  return fmt::format("{}-{:04x}", id, static_cast<unsigned>(io::random_u64() & 0xffff));
}

Task::Task(Tasks& owner, std::string id, std::string kind, std::string of, int64_t limit_us,
           std::string setting)
    : owner_(owner),
      id_(std::move(id)),
      kind_(std::move(kind)),
      of_(std::move(of)),
      limit_us_(limit_us),
      setting_(std::move(setting)),
      started_at_us_(owner.clock_.now_us()),
      started_us_(owner.clock_.monotonic_us()) {}

Task::~Task() {
  Lock lock(owner_.mutex_);
  owner_.tasks_.remove(this);
}

Status Task::check_now(int64_t now_us, bool is_stopping) const {
  if (is_stopping) return fail(Code::unavailable, "the server is stopping");
  if (is_cancelled_) return fail(Code::cancelled, fmt::format("the {} was cancelled", kind_));
  if (now_us - started_us_ < limit_us_) return {};
  return fail(
      Code::timeout,
      fmt::format("the {} took longer than {} s and was ended", kind_, static_cast<double>(limit_us_) / 1e6),
      fmt::format("look what it waited for, or raise limits.{}", setting_));
}

Status Task::check() const {
  Lock lock(owner_.mutex_);
  return check_now(owner_.clock_.monotonic_us(), owner_.is_stopping_);
}

bool Task::was_cancelled() const {
  Lock lock(owner_.mutex_);
  return is_cancelled_ || owner_.is_stopping_;
}

Task::Killing::Killing(Task& task, std::function<void()> kill) : task_(task) {
  Lock lock(task_.owner_.mutex_);
  task_.kill_ = std::move(kill);
}

Task::Killing::~Killing() {
  Lock lock(task_.owner_.mutex_);
  task_.kill_ = nullptr;
}

Tasks::Tasks(io::Clock& clock) : clock_(clock), watch_([this] { watch(); }) {}

Tasks::~Tasks() {
  stop();
  {
    Lock lock(mutex_);
    is_over_ = true;
    changed_.notify_all();
  }
  watch_.join();
}

Result<std::unique_ptr<Task>> Tasks::begin(std::string id, std::string kind, std::string of,
                                           uint64_t limit_ms, std::string setting) {
  std::unique_ptr<Task> task(new Task(*this, std::move(id), std::move(kind), std::move(of),
                                      static_cast<int64_t>(limit_ms) * 1000, std::move(setting)));
  Lock lock(mutex_);
  tasks_.push_back(task.get());
  changed_.notify_all();
  if (!is_stopping_) return task;
  lock.unlock();
  return fail(Code::unavailable, "the server is stopping");
}

std::vector<front::RunningTask> Tasks::list() const {
  Lock lock(mutex_);
  std::vector<front::RunningTask> all;
  for (const Task* task : tasks_) {
    all.push_back({task->id_, task->kind_, task->of_, task->started_at_us_, task->limit_us_,
                   !task->check_now(clock_.monotonic_us(), is_stopping_)});
  }
  return all;
}

Status Tasks::cancel(const std::string& id) {
  Lock lock(mutex_);
  const auto task =
      std::find_if(tasks_.begin(), tasks_.end(), [&](const Task* each) { return each->id_ == id; });
  if (task == tasks_.end())
    return fail(Code::not_found, fmt::format("no task {} is running", id), "anabranch tasks lists them");
  (*task)->is_cancelled_ = true;
  changed_.notify_all();
  return {};
}

void Tasks::stop() {
  Lock lock(mutex_);
  is_stopping_ = true;
  changed_.notify_all();
}

// Again each time: what is about to start is not there yet when it is killed for the first time.
void Tasks::watch() {
  Lock lock(mutex_);
  while (!is_over_) {
    if (tasks_.empty()) {
      lock.wait(changed_);
      continue;
    }
    for (const Task* task : tasks_) {
      if (task->kill_ && !task->check_now(clock_.monotonic_us(), is_stopping_)) task->kill_();
    }
    lock.wait_for(changed_, watch_interval);
  }
}

}  // namespace anabranch::app
