#pragma once

#include <cstdint>
#include <optional>

#include "catalog/catalog.h"

namespace anabranch::app {

/// How long it takes to compute views over so many events, by the last build that was published; nothing
/// where there is none. Any thread.
std::optional<int64_t> estimated_ms(catalog::Catalog& catalog, int64_t events);

}  // namespace anabranch::app
