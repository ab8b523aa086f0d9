#include "front/http_api/keyed_requests.h"

#include <fmt/format.h>

#include "base/crc32c.h"

namespace anabranch::front::http_api {
namespace {

std::string name_of(std::string_view route, const std::string& key) {
  return fmt::format("{} {}", route, key);
}

}  // namespace

Result<std::optional<std::string>> KeyedRequests::begin(Builds& builds, std::string_view route,
                                                        const std::string& key, std::string_view body) {
  Lock lock(mutex_);
  if (running_.contains(name_of(route, key))) {
    return fail(Code::conflict, fmt::format("a request with the idempotency key \"{}\" is running", key),
                "send it again when that one is done");
  }
  auto known = TRY(builds.keyed_answer(route, key));
  if (known && known->fingerprint != crc32c(body)) {
    return fail(Code::conflict,
                fmt::format("the idempotency key \"{}\" came with another request before", key),
                "give each request a key of its own; repeat one only with the body that it had");
  }
  if (known) return std::move(known->body);
  running_.insert(name_of(route, key));
  return std::nullopt;
}

Status KeyedRequests::keep(Builds& builds, std::string_view route, const std::string& key,
                           std::string_view body, const std::string& answer) {
  return builds.keep_keyed_answer({std::string(route), key, crc32c(body), answer});
}

void KeyedRequests::end(std::string_view route, const std::string& key) {
  Lock lock(mutex_);
  running_.erase(name_of(route, key));
}

}  // namespace anabranch::front::http_api
