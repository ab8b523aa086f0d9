#pragma once

#include <functional>
#include <stop_token>

#include "base/result.h"
#include "batch/batch_engine.h"
#include "lake/object_store.h"

namespace anabranch::batch {

/// Does a build in this process with DuckDB, as batch_engine.h has it. cancelled once `stop` is told to.
Result<BuildResult> run_build(const BuildJob& job, lake::ObjectStore& store,
                              const std::function<void(const BuildProgress&)>& on_progress,
                              const std::stop_token& stop = {});

}  // namespace anabranch::batch
