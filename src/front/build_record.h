#pragma once

#include "catalog/catalog.h"
#include "front/json_text.h"

namespace anabranch::front {

/// A build as GET /v1/builds shows it.
Json build_record(const catalog::BuildRun& run);

}  // namespace anabranch::front
