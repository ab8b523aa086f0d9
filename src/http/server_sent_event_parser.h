#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace anabranch::http {

/// Splits text/event-stream, as it arrives in pieces, into events. Comments (pings) are left out. One thread.
class ServerSentEventParser {
 public:
  using OnEvent = std::function<bool(std::string_view event, std::string_view data)>;
  /// False once `on_event` returned false; the rest is then not looked at.
  bool feed(std::string_view piece, const OnEvent& on_event);

 private:
  bool take_line(std::string_view line, const OnEvent& on_event);

  std::string line_;
  std::string event_;
  std::string data_;
  bool has_data_ = false;
};

}  // namespace anabranch::http
