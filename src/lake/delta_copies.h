#pragma once

#include "base/result.h"
#include "io/clock.h"
#include "lake/manifest.h"

namespace anabranch::lake {

/// Makes the Delta tables of all views what the manifest says, each atomically; what is so already stays.
/// Call it after publishing, and at a start with the newest manifest, as a crash may have come between the
/// two (law L3). One call at a time. Tries every table; the first error tells which one failed, and calling
/// again goes on.
Status write_delta_copies(ObjectStore& store, const Manifest& manifest, io::Clock& clock);

}  // namespace anabranch::lake
