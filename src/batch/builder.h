#pragma once

#include <functional>
#include <stop_token>

#include "base/result.h"
#include "batch/batch_engine.h"

namespace anabranch::batch {

/// Does a build in this process with DuckDB: the states into `serving/<build>.duckdb`, rows of linear views
/// into `serving/<build>/`, results of materialised views into their Delta folders (data files only).
/// cancelled once `stop` is told to.
Result<BuildResult> run_build(const BuildJob& job,
                              const std::function<void(const BuildProgress&)>& on_progress,
                              const std::stop_token& stop = {});

}  // namespace anabranch::batch
