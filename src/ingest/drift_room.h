#pragma once
// How many fields events may add to a stream now.

#include <cstdint>
#include <string>
#include <string_view>

#include "model/schema.h"

namespace anabranch::ingest {

/// A value. What is beyond it goes to quarantine, with what to do: nothing is left out of an event silently.
struct DriftRoom {
  size_t fields = 0;        // as many more
  uint32_t limit = 0;       // the one that bounds it: of fields within an hour, or in all
  bool is_by_hour = false;  // which of the two

  /// Why a field cannot be added when the room is used up.
  std::string problem(std::string_view field) const;
};

/// By the limits of the schema and what events have added to it so far.
DriftRoom drift_room(const model::Schema& schema, int64_t now_us);

}  // namespace anabranch::ingest
