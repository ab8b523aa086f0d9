#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "front/builds.h"
#include "security/policy.h"

namespace anabranch::front {

/// What the application gives of Builds: all that there is, and all that is ordered is done. No door can
/// reach it; GuardedBuilds stands before it. Any thread may call.
class UnguardedBuilds {
 public:
  virtual ~UnguardedBuilds() = default;
  virtual std::vector<ModelInfo> models() const = 0;
  virtual std::vector<RunningTask> tasks() const = 0;
  virtual std::vector<Fault> faults() const = 0;
  virtual std::optional<PublishedBuild> published_build() const = 0;
  virtual Storage storage() = 0;
  virtual std::optional<RunningBuild> running_build() const = 0;
  virtual std::vector<std::string> changed_files(bool is_fresh) = 0;
  virtual Result<std::string> build(const std::vector<std::string>& views, const std::string& reason) = 0;
  virtual Result<ProjectPlan> apply(const ApplyRequest& request) = 0;
  virtual Result<ProjectDiff> diff(const DiffRequest& request) = 0;
  virtual Result<ProjectDrop> drop(const DropRequest& request) = 0;
  virtual Result<std::vector<quality::Verdict>> verify(const quality::Verifier::Request& request) = 0;
  virtual Status cancel(const std::string& task) = 0;
  virtual catalog::Catalog& catalog() = 0;
  /// The one that answers are given under; null while there is none yet.
  virtual std::shared_ptr<const views::World> world() const = 0;
};

/// The port as a policy lets each caller have it. What it is given outlives it.
class GuardedBuilds final : public Builds {
 public:
  GuardedBuilds(UnguardedBuilds& all, std::shared_ptr<const security::Policy> policy)
      : all_(all), policy_(std::move(policy)) {}

  Result<std::vector<ModelInfo>> models(const security::Caller& caller) const override;
  Result<std::vector<RunningTask>> tasks(const security::Caller& caller) const override;
  std::vector<Fault> faults(const security::Caller& caller) const override;
  std::optional<PublishedBuild> published_build(const security::Caller& caller) const override;
  Result<std::vector<catalog::BuildRun>> builds(const security::Caller& caller, size_t limit) override;
  Result<std::vector<std::pair<std::string, catalog::BuildState>>> states(size_t limit) override;
  Result<std::map<std::string, LastVerdict>> last_verdicts(const security::Caller& caller) override;
  Storage storage() override { return all_.storage(); }
  std::optional<RunningBuild> running_build() const override { return all_.running_build(); }
  std::optional<int64_t> published_at_us() const override;
  Result<std::vector<std::string>> changed_files(const security::Caller& caller, bool is_fresh) override;

  Result<std::string> build(const security::Caller& caller, const std::vector<std::string>& views,
                            const std::string& reason) override;
  Result<ProjectPlan> apply(const security::Caller& caller, const ApplyRequest& request) override;
  Result<ProjectDiff> diff(const security::Caller& caller, const DiffRequest& request) override;
  Result<ProjectDrop> drop(const security::Caller& caller, const DropRequest& request) override;
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
  bool sees(const security::Caller& caller, std::string_view name) const;
  bool sees_below(const security::Caller& caller, const std::string& view) const;
  bool sees_all_below(const security::Caller& caller, const std::vector<std::string>& views) const;
  bool sees_all(const security::Caller& caller) const;
  bool sees_file(const security::Caller& caller, const std::string& file) const;
  Status check_views(const security::Caller& caller, const std::vector<std::string>& views) const;
  Status check_each(const security::Caller& caller, security::Right right,
                    const std::vector<std::string>& views) const;
  void keep_seen_of(ProjectPlan& plan, const security::Caller& caller, bool is_whole) const;

  UnguardedBuilds& all_;
  const std::shared_ptr<const security::Policy> policy_;
};

}  // namespace anabranch::front
