#include "http/event_buffer.h"

#include <algorithm>
#include <utility>

namespace anabranch::http {
namespace {

// A line break inside a field would end it: data goes on in another data field, a name loses it.
std::string to_text(std::string_view event, std::string_view data) {
  std::string text;
  text.reserve(event.size() + data.size() + 32);
  if (!event.empty()) {
    text += "event: ";
    for (char c : event) {
      if (c != '\n' && c != '\r') text += c;
    }
    text += '\n';
  }
  do {
    const size_t end = std::min(data.find('\n'), data.size());
    std::string_view line = data.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    text.append("data: ").append(line).append("\n");
    data.remove_prefix(std::min(end + 1, data.size()));
  } while (!data.empty());
  text += '\n';
  return text;
}

}  // namespace

void EventBuffer::push(std::string_view event, std::string_view data) {
  Message message{std::string(event), to_text(event, data)};
  bytes_ += message.text.size();
  if (bytes_ > bytes_max_) {
    std::erase_if(messages_, [&](const Message& old) {
      if (old.event != event) return false;
      bytes_ -= old.text.size();
      ++dropped_;
      return true;
    });
  }
  while (bytes_ > bytes_max_ && !messages_.empty()) {
    bytes_ -= messages_.front().text.size();
    messages_.pop_front();
    ++dropped_;
  }
  messages_.push_back(std::move(message));
}

std::string EventBuffer::take() {
  std::string text;
  text.reserve(bytes_);
  for (const Message& message : messages_) text += message.text;
  messages_.clear();
  bytes_ = 0;
  return text;
}

}  // namespace anabranch::http
