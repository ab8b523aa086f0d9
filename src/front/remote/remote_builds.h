#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "front/builds.h"
#include "front/remote/engine_calls.h"

namespace anabranch::front::remote {

/// What the fault is of, that there is no engine.
inline constexpr std::string_view engine_fault = "the engine";

/// Builds as another process has it. Who asks goes with each call: what it may see and order is decided
/// there. Without an engine its faults are that. Any thread may call; every call blocks until it is answered.
class RemoteBuilds : public Builds {
 public:
  explicit RemoteBuilds(CurrentLink link) : engine_(std::move(link)) {}

  Result<std::vector<ModelInfo>> models(const security::Caller& caller) const override;
  Result<std::vector<RunningTask>> tasks(const security::Caller& caller) const override;
  std::vector<Fault> faults(const security::Caller& caller) const override;
  std::optional<PublishedBuild> published_build(const security::Caller& caller) const override;
  Result<std::vector<catalog::BuildRun>> builds(const security::Caller& caller, size_t limit) override;
  Result<std::vector<std::pair<std::string, catalog::BuildState>>> states(size_t limit) override;
  Result<std::map<std::string, LastVerdict>> last_verdicts(const security::Caller& caller) override;
  Storage storage() override;
  std::optional<RunningBuild> running_build() const override;
  std::optional<int64_t> published_at_us() const override;
  Result<std::vector<std::string>> changed_files(const security::Caller& caller, bool is_fresh) override;

  Result<std::string> build(const security::Caller& caller, const std::vector<std::string>& views,
                            const std::string& reason) override;
  Result<ProjectPlan> apply(const security::Caller& caller, const ApplyRequest& request) override;
  Result<ProjectDiff> diff(const security::Caller& caller, const DiffRequest& request) override;
  Result<ProjectDrop> drop(const security::Caller& caller, const DropRequest& request) override;
  /// is_cancelled is asked on a thread of its own.
  Result<std::vector<quality::Verdict>> verify(const security::Caller& caller,
                                               const quality::Verifier::Request& request) override;
  Status cancel(const security::Caller& caller, const std::string& task) override;
  Status may_build(const security::Caller& caller, const std::vector<std::string>& views) const override;
  Status may_verify(const security::Caller& caller, const std::vector<std::string>& views) const override;
  Status may_apply(const security::Caller& caller, const ApplyRequest& request) const override;
  Status may_drop(const security::Caller& caller, const DropRequest& request) const override;
  Result<std::optional<catalog::KeyedAnswer>> keyed_answer(std::string_view route,
                                                           std::string_view key) override;
  Status keep_keyed_answer(const catalog::KeyedAnswer& answer) override;

 private:
  const EngineCalls engine_;
};

}  // namespace anabranch::front::remote
