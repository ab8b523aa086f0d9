#include "app/engine_builds.h"

#include <algorithm>

#include "model/names.h"

namespace anabranch::app {

Result<std::vector<front::RunningTask>> EngineBuilds::tasks(const security::Caller& caller) const {
  std::vector<front::RunningTask> all = tasks_.list();
  for (front::RunningTask& task : all) {
    if (!policy_->shows(caller, model::bronze(task.of).text())) task.of.clear();
  }
  if (auto others = RemoteBuilds::tasks(caller))
    all.insert(all.end(), others->begin(), others->end());
  else if (others.error().code != Code::unavailable)
    return others;
  std::ranges::stable_sort(all, {}, &front::RunningTask::started_at_us);
  return all;
}

Status EngineBuilds::cancel(const security::Caller& caller, const std::string& task) {
  TRY(policy_->check(caller, security::Right::cancel));
  const Status cancelled = tasks_.cancel(task);
  if (cancelled || cancelled.error().code != Code::not_found) return cancelled;
  return RemoteBuilds::cancel(caller, task);
}

std::vector<front::Fault> EngineBuilds::faults(const security::Caller& caller) const {
  std::vector<front::Fault> all = RemoteBuilds::faults(caller);
  if (const auto trouble = trouble_()) {
    for (front::Fault& fault : all) {
      if (fault.of == front::remote::engine_fault) fault.error = *trouble;
    }
  }
  return all;
}

}  // namespace anabranch::app
