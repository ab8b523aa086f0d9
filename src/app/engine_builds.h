#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/tasks.h"
#include "front/remote/remote_builds.h"
#include "security/policy.h"

namespace anabranch::app {

/// The port Builds of a server whose engine is another process: the engine's, and the tasks that run here.
/// Any thread may call.
class EngineBuilds final : public front::remote::RemoteBuilds {
 public:
  /// `tasks`: of this process, imports; outlives it. `trouble`: why an engine could not begin.
  EngineBuilds(front::remote::CurrentLink link, Tasks& tasks, std::shared_ptr<const security::Policy> policy,
               std::function<std::optional<Error>()> trouble)
      : RemoteBuilds(std::move(link)),
        tasks_(tasks),
        policy_(std::move(policy)),
        trouble_(std::move(trouble)) {}

  Result<std::vector<front::RunningTask>> tasks(const security::Caller& caller) const override;
  Status cancel(const security::Caller& caller, const std::string& task) override;
  std::vector<front::Fault> faults(const security::Caller& caller) const override;

 private:
  Tasks& tasks_;
  const std::shared_ptr<const security::Policy> policy_;
  const std::function<std::optional<Error>()> trouble_;
};

}  // namespace anabranch::app
