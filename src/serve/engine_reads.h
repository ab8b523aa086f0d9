#pragma once

#include <map>
#include <string>
#include <vector>

#include "serve/query_service.h"
#include "serve/reads.h"

namespace anabranch::serve {

/// Reads by the engine of this process, under the policy of the query service. What it is given outlives it.
class EngineReads final : public Reads {
 public:
  EngineReads(QueryService& queries, speed::SpeedLayer& speed, sql::Database& database)
      : queries_(queries), speed_(speed), database_(database) {}

  Result<RowsEnd> query(const QueryRead& read, RowsSink& sink) override;
  Result<RowsEnd> rows(const ViewRead& read, RowsSink& sink) override;
  Result<std::vector<std::string>> view_names(const security::Caller& caller) override;
  Result<std::vector<ViewRecord>> views(const security::Caller& caller) override;
  Result<ViewDetail> view(const security::Caller& caller, const std::string& name) override;
  Result<ViewErrors> errors(const security::Caller& caller, const std::string& view, size_t limit) override;
  ReadState state() override;

 private:
  QueryService& queries_;
  speed::SpeedLayer& speed_;
  sql::Database& database_;
};

}  // namespace anabranch::serve
