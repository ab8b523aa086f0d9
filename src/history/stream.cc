#include "history/stream.h"

#include <fmt/format.h>

namespace anabranch::history {

std::unexpected<Error> fail_nowhere(const Stream& stream, model::OffsetRange missing) {
  return fail(Code::unavailable,
              fmt::format("{}: the events at offsets {} to {} are no longer in the log, and its archive does "
                          "not have them or cannot be read",
                          stream.name.text(), missing.first, missing.end - 1),
              fmt::format("restore lake/bronze/{} from a backup, then restart or build", stream.bare_name()));
}

}  // namespace anabranch::history
