#pragma once
// Which adapters there are to choose from: the application knows them, and tells whoever reads a project.

#include <map>
#include <string>
#include <vector>

#include "project/project.h"

namespace anabranch::project {

struct KnownAdapters {
  struct Adapter {
    std::string name;
    std::string missing;  // what to do where this program was built without it; empty: it is there
  };
  /// By the key of a target. A slot that is not named here has its embedded default only.
  std::map<std::string, std::vector<Adapter>> slots;
  /// Kinds of sources that this program was built without, with what to do.
  std::map<SourceKind, std::string> missing_sources;
};

}  // namespace anabranch::project
