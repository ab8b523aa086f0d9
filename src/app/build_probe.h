#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "lake/manifest.h"
#include "lake/object_store.h"

namespace anabranch::app {

/// The builds of a manifest whose files are not all there or are no whole files, by build id, with why. Looks
/// at what a file says of itself, in an engine of its own; it does not read every state.
std::map<std::string, Error> probe_builds(lake::ObjectStore& store, const lake::Manifest& manifest);

}  // namespace anabranch::app
