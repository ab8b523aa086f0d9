#pragma once
// Keeps foreign web pages away from a server that asks nobody for a login.

#include <optional>
#include <string>
#include <vector>

#include "http/message.h"

namespace anabranch::http {

/// Two attacks on a server that only this machine can reach, through a browser on it:
/// - DNS rebinding: a foreign name that points to 127.0.0.1, so the page may read our answers. Its Host
/// header
///   gives it away.
/// - Requests across sites: a foreign page may not read the answer, but the request does its work. Its Origin
///   header gives it away.
/// Immutable. Any thread may call.
class OriginGuard {
 public:
  /// `hosts`: names beside localhost, 127.0.0.1 and [::1] that are ours.
  /// `has_any_name`: every name may be ours, so only requests across sites are refused.
  explicit OriginGuard(std::vector<std::string> hosts = {}, bool has_any_name = false);
  /// The refusal, or nothing.
  std::optional<Response> check(const Request& request) const;

 private:
  std::vector<std::string> hosts_;
  bool has_any_name_;
};

}  // namespace anabranch::http
