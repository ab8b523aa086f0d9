#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace anabranch::front {

/// Data of something that the project no longer has.
struct Droppable {
  enum class Kind { stream, table, view };
  Kind kind = Kind::stream;
  std::string name;  // "clicks", "planes", "gold.daily"
  int64_t bytes = 0;
  std::vector<std::string> folders;  // within the data folder
  std::vector<std::string> notes;    // "1,000 events", what goes with it
};

/// What was dropped, or would be.
struct ProjectDrop {
  std::vector<Droppable> items;  // by kind and name
  bool is_dropped = false;
};

/// What is asked of drop: names as Droppable has them, or with "bronze." before; none: all that there is,
/// which is only shown.
struct DropRequest {
  std::vector<std::string> names;
  bool is_dry_run = false;
};

/// not_found.
inline Error nothing_stored_of(const std::string& name) {
  return {Code::not_found, "nothing is stored of " + name, "anabranch drop lists what could be dropped", {}};
}

}  // namespace anabranch::front
