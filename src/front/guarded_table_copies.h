#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "front/table_copies.h"
#include "security/policy.h"

namespace anabranch::front {

/// What the application gives of TableCopies: all that there is, and all that is ordered is done. No door can
/// reach it; GuardedTableCopies stands before it. Any thread may call.
class UnguardedTableCopies {
 public:
  virtual ~UnguardedTableCopies() = default;
  /// The tables of each source, without "bronze.".
  virtual std::map<std::string, std::vector<std::string>> sources() const = 0;
  virtual Result<std::vector<TableCopied>> copy(const std::vector<std::string>& sources) = 0;
  virtual std::vector<TableInfo> table_infos() = 0;
};

/// The port as a policy lets each caller have it. What it is given outlives it.
class GuardedTableCopies final : public TableCopies {
 public:
  GuardedTableCopies(UnguardedTableCopies& all, std::shared_ptr<const security::Policy> policy)
      : all_(all), policy_(std::move(policy)) {}

  Result<std::vector<TableInfo>> tables(const security::Caller& caller) override;
  Result<std::vector<TableCopied>> copy(const security::Caller& caller,
                                        const std::vector<std::string>& sources) override;
  Status may_copy(const security::Caller& caller, const std::vector<std::string>& sources) const override;

 private:
  bool shows(const security::Caller& caller, const std::string& table) const;
  bool shows_whole(const security::Caller& caller, const std::string& table) const;

  UnguardedTableCopies& all_;
  const std::shared_ptr<const security::Policy> policy_;
};

}  // namespace anabranch::front
