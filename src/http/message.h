#pragma once
// What a handler gets and gives: plain values that know nothing of sockets.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace anabranch::http {

/// Names with values, in the order in which they came; a name may come twice.
class NamedValues {
 public:
  void add(std::string name, std::string value) { items_.emplace_back(std::move(name), std::move(value)); }
  /// The first value of a name.
  std::optional<std::string_view> find(std::string_view name) const;
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }
  size_t size() const { return items_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

/// As NamedValues, but names compare without regard to ASCII case.
class Headers {
 public:
  void add(std::string name, std::string value) { items_.emplace_back(std::move(name), std::move(value)); }
  std::optional<std::string_view> find(std::string_view name) const;
  /// The first value, or "".
  std::string_view get(std::string_view name) const { return find(name).value_or(std::string_view()); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }
  size_t size() const { return items_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

bool equal_ignoring_case(std::string_view a, std::string_view b);

/// The part of a request line between method and version, percent-decoded.
struct Target {
  std::string path;
  std::vector<std::string> segments;  // "/v1/a%2Fb" has two: "v1", "a/b"
  NamedValues query;                  // "+" is a space
};

/// bad_input when it does not begin with "/" (or "http://host/"), or has a broken or zero percent-escape.
Result<Target> parse_target(std::string_view raw);

/// A whole request; a handler never sees half a one.
struct Request {
  std::string method;
  std::string path;        // decoded
  NamedValues params;      // of the route's pattern, decoded
  NamedValues query;       // decoded
  std::string_view route;  // the pattern that matched, lives as long as the server; "" in a fallback
  Headers headers;
  std::string body;    // as it came: Content-Encoding is for the handler to undo
  std::string remote;  // the client's address, without port
  /// Becomes true when the client goes away or the server's time to stop is over. Any thread may look.
  std::shared_ptr<const std::atomic<bool>> cancelled;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";  // "": no such header
  Headers headers;
  std::string body;
  /// Sent when body is empty: bytes that live as long as the program, not copied.
  std::string_view lasting_body;
};

}  // namespace anabranch::http
