#pragma once
// The only door to the time of day. Tests put a clock of their own in place.

#include <cstdint>
#include <string>

namespace anabranch::io {

/// Microseconds since 1970-01-01 UTC.
using TimeUs = int64_t;

/// Any thread may call.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimeUs now_us() = 0;
  /// Microseconds since an arbitrary moment, never going back.
  virtual int64_t monotonic_us() = 0;
};

/// The machine's clock; lives for ever.
Clock& system_clock();

/// "2026-11-23T09:35:00.123456Z"; trailing zeros of the fraction are left out.
std::string to_iso8601(TimeUs time_us);

}  // namespace anabranch::io
