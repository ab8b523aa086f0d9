#include "front/remote/remote_builds.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <thread>

#include "base/mutex.h"

namespace anabranch::front::remote {
namespace {

// Asks now and then whether somebody has cancelled, since a link looks at a flag.
class CancelWatch {
 public:
  explicit CancelWatch(const std::function<bool()>& is_cancelled) : is_cancelled_(is_cancelled) {
    if (is_cancelled_) thread_ = std::thread([this] { watch(); });
  }
  ~CancelWatch() {
    {
      Lock lock(mutex_);
      has_ended_ = true;
      ended_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
  }
  CancelWatch(const CancelWatch&) = delete;
  CancelWatch& operator=(const CancelWatch&) = delete;

  std::shared_ptr<const std::atomic<bool>> flag() const { return cancelled_; }

 private:
  void watch() EXCLUDES(mutex_) {
    Lock lock(mutex_);
    while (!has_ended_ && !*cancelled_) {
      *cancelled_ = is_cancelled_();
      lock.wait_for(ended_, std::chrono::milliseconds(50));
    }
  }

  const std::function<bool()>& is_cancelled_;
  const std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  Mutex mutex_;
  std::condition_variable ended_;
  bool has_ended_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

class ReceivedProgress final : public processes::FrameSink {
 public:
  explicit ReceivedProgress(const std::function<void(const quality::VerifyProgress&)>& listener)
      : listener_(listener) {}
  Status frame(std::string bytes) override {
    const auto progress = TRY(wire::decode<quality::VerifyProgress>(bytes));
    if (listener_) listener_(progress);
    return {};
  }

 private:
  const std::function<void(const quality::VerifyProgress&)>& listener_;
};

}  // namespace

// ---- what is ----

Result<std::vector<ModelInfo>> RemoteBuilds::models(const security::Caller& caller) const {
  return engine_.ask(methods::models, caller);
}

Result<std::vector<RunningTask>> RemoteBuilds::tasks(const security::Caller& caller) const {
  return engine_.ask(methods::tasks, caller);
}

std::vector<Fault> RemoteBuilds::faults(const security::Caller& caller) const {
  auto faults = engine_.ask(methods::faults, caller);
  if (!faults) return {{std::string(engine_fault), std::move(faults).error()}};
  return std::move(*faults);
}

std::optional<PublishedBuild> RemoteBuilds::published_build(const security::Caller& caller) const {
  return engine_.ask(methods::published_build, caller).value_or(std::nullopt);
}

Result<std::vector<catalog::BuildRun>> RemoteBuilds::builds(const security::Caller& caller, size_t limit) {
  return engine_.ask(methods::builds, caller, limit);
}

Result<std::vector<std::pair<std::string, catalog::BuildState>>> RemoteBuilds::states(size_t limit) {
  return engine_.ask(methods::states, limit);
}

Result<std::map<std::string, LastVerdict>> RemoteBuilds::last_verdicts(const security::Caller& caller) {
  return engine_.ask(methods::last_verdicts, caller);
}

Storage RemoteBuilds::storage() { return engine_.ask(methods::storage).value_or(Storage()); }

std::optional<RunningBuild> RemoteBuilds::running_build() const {
  return engine_.ask(methods::running_build).value_or(std::nullopt);
}

std::optional<int64_t> RemoteBuilds::published_at_us() const {
  return engine_.ask(methods::published_at_us).value_or(std::nullopt);
}

Result<std::vector<std::string>> RemoteBuilds::changed_files(const security::Caller& caller, bool is_fresh) {
  return engine_.ask(methods::changed_files, caller, is_fresh);
}

// ---- work ----

Result<std::string> RemoteBuilds::build(const security::Caller& caller, const std::vector<std::string>& views,
                                        const std::string& reason) {
  return engine_.order(methods::build, caller, views, reason);
}

Result<ProjectPlan> RemoteBuilds::apply(const security::Caller& caller, const ApplyRequest& request) {
  return engine_.order(methods::apply, caller, request);
}

Result<ProjectDiff> RemoteBuilds::diff(const security::Caller& caller, const DiffRequest& request) {
  return engine_.ask(methods::diff, caller, request);
}

Result<ProjectDrop> RemoteBuilds::drop(const security::Caller& caller, const DropRequest& request) {
  return engine_.order(methods::drop, caller, request);
}

Result<std::vector<quality::Verdict>> RemoteBuilds::verify(const security::Caller& caller,
                                                           const quality::Verifier::Request& request) {
  const CancelWatch watch(request.is_cancelled);
  ReceivedProgress progress(request.on_progress);
  return engine_.ask_on({&progress, watch.flag()}, methods::verify, caller, request,
                        request.on_progress != nullptr);
}

Status RemoteBuilds::cancel(const security::Caller& caller, const std::string& task) {
  return engine_.order(methods::cancel, caller, task);
}

Status RemoteBuilds::may_build(const security::Caller& caller, const std::vector<std::string>& views) const {
  return engine_.ask(methods::may_build, caller, views);
}

Status RemoteBuilds::may_verify(const security::Caller& caller, const std::vector<std::string>& views) const {
  return engine_.ask(methods::may_verify, caller, views);
}

Status RemoteBuilds::may_apply(const security::Caller& caller, const ApplyRequest& request) const {
  return engine_.ask(methods::may_apply, caller, request);
}

Status RemoteBuilds::may_drop(const security::Caller& caller, const DropRequest& request) const {
  return engine_.ask(methods::may_drop, caller, request);
}

// ---- what is carried out once ----

Result<std::optional<catalog::KeyedAnswer>> RemoteBuilds::keyed_answer(std::string_view route,
                                                                       std::string_view key) {
  return engine_.ask(methods::keyed_answer, std::string(route), std::string(key));
}

Status RemoteBuilds::keep_keyed_answer(const catalog::KeyedAnswer& answer) {
  return engine_.order(methods::keep_keyed_answer, answer);
}

}  // namespace anabranch::front::remote
