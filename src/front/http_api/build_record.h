#pragma once

#include "catalog/catalog.h"
#include "front/http_api/json_text.h"

namespace anabranch::front::http_api {

/// A build as GET /v1/builds shows it.
Json build_record(const catalog::BuildRun& run);

}  // namespace anabranch::front::http_api
