#pragma once

#include <string>
#include <utility>
#include <vector>

#include "front/remote/engine_calls.h"
#include "front/table_copies.h"

namespace anabranch::front::remote {

/// TableCopies as another process has it, as RemoteBuilds is.
class RemoteTableCopies final : public TableCopies {
 public:
  explicit RemoteTableCopies(CurrentLink link) : engine_(std::move(link)) {}

  Result<std::vector<TableInfo>> tables(const security::Caller& caller) override;
  Result<std::vector<TableCopied>> copy(const security::Caller& caller,
                                        const std::vector<std::string>& sources) override;
  Status may_copy(const security::Caller& caller, const std::vector<std::string>& sources) const override;

 private:
  const EngineCalls engine_;
};

}  // namespace anabranch::front::remote
