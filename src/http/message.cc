#include "http/message.h"

#include <algorithm>

#include <fmt/format.h>

namespace anabranch::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char letter = lower(c);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

Result<std::string> percent_decode(std::string_view raw, bool plus_is_space) {
  std::string text;
  text.reserve(raw.size());
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '+' && plus_is_space) {
      text += ' ';
    } else if (raw[i] != '%') {
      text += raw[i];
    } else {
      const int high = i + 2 < raw.size() ? hex_value(raw[i + 1]) : -1;
      const int low = i + 2 < raw.size() ? hex_value(raw[i + 2]) : -1;
      if (high < 0 || low < 0 || high + low == 0) {
        return fail(Code::bad_input, fmt::format("'{}' in the URL is not a percent-escape", raw.substr(i, 3)),
                    "write a percent sign as %25");
      }
      text += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return text;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string_view> NamedValues::find(std::string_view name) const {
  for (const auto& [key, value] : items_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const auto& [key, value] : items_) {
    if (equal_ignoring_case(key, name)) return value;
  }
  return std::nullopt;
}

Result<Target> parse_target(std::string_view raw) {
  if (const size_t scheme = raw.find("://"); scheme != raw.npos && !raw.starts_with('/')) {
    const size_t path = raw.find('/', scheme + 3);
    raw = path == raw.npos ? std::string_view("/") : raw.substr(path);
  }
  if (!raw.starts_with('/')) return fail(Code::bad_input, "the URL's path does not begin with '/'");
  raw = raw.substr(0, raw.find('#'));
  const size_t question = raw.find('?');
  std::string_view path = raw.substr(0, question);

  Target target;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const size_t end = std::min(path.find('/'), path.size());
    target.segments.push_back(TRY(percent_decode(path.substr(0, end), false)));
    target.path += "/" + target.segments.back();
    path.remove_prefix(end);
  }

  std::string_view query = question == raw.npos ? std::string_view() : raw.substr(question + 1);
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    std::string name = TRY(percent_decode(pair.substr(0, equals), true));
    std::string value = TRY(percent_decode(pair.substr(std::min(equals + 1, pair.size())), true));
    target.query.add(std::move(name), std::move(value));
  }
  return target;
}

}  // namespace anabranch::http
