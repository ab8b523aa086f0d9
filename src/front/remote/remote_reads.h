#pragma once

#include <string>
#include <utility>
#include <vector>

#include "front/remote/engine_calls.h"
#include "front/remote/engine_state.h"
#include "serve/reads.h"

namespace anabranch::front::remote {

/// Reads as another process answers them. Rows come as they are made: who waits in the sink keeps that read
/// waiting and no other. A read that is cancelled returns at once; the engine ends it meanwhile.
class RemoteReads final : public serve::Reads {
 public:
  /// `told` outlives it.
  RemoteReads(CurrentLink link, const EngineState& told) : engine_(std::move(link)), told_(told) {}

  Result<serve::RowsEnd> query(const serve::QueryRead& read, serve::RowsSink& sink) override;
  Result<serve::RowsEnd> rows(const serve::ViewRead& read, serve::RowsSink& sink) override;
  Result<std::vector<std::string>> view_names(const security::Caller& caller) override;
  Result<std::vector<serve::ViewRecord>> views(const security::Caller& caller) override;
  Result<serve::ViewDetail> view(const security::Caller& caller, const std::string& name) override;
  Result<serve::ViewErrors> errors(const security::Caller& caller, const std::string& view,
                                   size_t limit) override;
  /// Asked for, so that nobody is told less than an answer has shown before. Where that fails, what was told
  /// last.
  serve::ReadState state() override;

 private:
  template <typename Read>
  Result<serve::RowsEnd> rows_of(const Method<serve::RowsEnd, Read>& method, const Read& read,
                                 serve::RowsSink& sink);

  const EngineCalls engine_;
  const EngineState& told_;
};

}  // namespace anabranch::front::remote
