#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"
#include "front/builds.h"

namespace anabranch::front::http_api {

/// Requests with an idempotency key that are carried out once: the answer of one that is done is kept in the
/// catalogue. (Those that take events in have theirs in the log.) Any thread may call.
class KeyedRequests {
 public:
  /// The answer of an earlier one; nothing when this one is to be carried out, and end() to be called
  /// whatever becomes of it. conflict: one with this key is running, or was another request.
  Result<std::optional<std::string>> begin(Builds& builds, std::string_view route, const std::string& key,
                                           std::string_view body) EXCLUDES(mutex_);
  /// Its answer, before end(); without one, the next request with the key is carried out.
  static Status keep(Builds& builds, std::string_view route, const std::string& key, std::string_view body,
                     const std::string& answer);
  void end(std::string_view route, const std::string& key) EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  std::set<std::string> running_ GUARDED_BY(mutex_);
};

}  // namespace anabranch::front::http_api
