#pragma once

#include <map>
#include <string>

#include "base/mutex.h"
#include "front/events.h"
#include "front/http_api/rate_meter.h"
#include "io/clock.h"

namespace anabranch::front::http_api {

/// Events a second of each stream over the last five seconds. Any thread may call.
class StreamRates {
 public:
  StreamRates(Events& events, io::Clock& clock) : events_(events), clock_(clock) {}

  /// To be called a few times a second.
  void sample() EXCLUDES(mutex_);
  double per_s(const std::string& stream) const EXCLUDES(mutex_);

 private:
  Events& events_;
  io::Clock& clock_;
  mutable Mutex mutex_;
  std::map<std::string, RateMeter> meters_ GUARDED_BY(mutex_);
};

}  // namespace anabranch::front::http_api
