#include "http/server_sent_event_parser.h"

namespace anabranch::http {

bool ServerSentEventParser::feed(std::string_view piece, const OnEvent& on_event) {
  while (true) {
    const size_t end = piece.find('\n');
    if (end == piece.npos) {
      line_.append(piece);
      return true;
    }
    line_.append(piece.substr(0, end));
    piece.remove_prefix(end + 1);
    if (line_.ends_with('\r')) line_.pop_back();
    const bool goes_on = take_line(line_, on_event);
    line_.clear();
    if (!goes_on) return false;
  }
}

bool ServerSentEventParser::take_line(std::string_view line, const OnEvent& on_event) {
  if (line.empty()) {
    const bool goes_on = !has_data_ || on_event(event_.empty() ? "message" : std::string_view(event_), data_);
    event_.clear();
    data_.clear();
    has_data_ = false;
    return goes_on;
  }
  const size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") {
    event_ = value;
  } else if (field == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  }
  return true;
}

}  // namespace anabranch::http
