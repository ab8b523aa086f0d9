#include "http/response_head.h"

#include <ctime>
#include <string_view>

#include <fmt/format.h>

namespace anabranch::http {
namespace {

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 507:
      return "Insufficient Storage";
    default:
      return "Unknown";
  }
}

// "Sun, 06 Nov 1994 08:49:37 GMT", made anew once a second.
const std::string& http_date(io::TimeUs now_us) {
  thread_local int64_t made_for_s = -1;
  thread_local std::string text;
  const int64_t now_s = now_us / 1'000'000;
  if (now_s != made_for_s) {
    constexpr std::string_view days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t time = now_s;
    std::tm parts{};
    gmtime_r(&time, &parts);
    text = fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[parts.tm_wday], parts.tm_mday,
                       months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
    made_for_s = now_s;
  }
  return text;
}

void add_field(std::string& text, std::string_view name, std::string_view value) {
  text.append(name).append(": ");
  for (char c : value) text += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  text += "\r\n";
}

}  // namespace

std::string body_part(std::string bytes, bool is_http_1_0) {
  if (is_http_1_0) return bytes;
  std::string chunk = fmt::format("{:x}\r\n", bytes.size());
  chunk.reserve(chunk.size() + bytes.size() + 2);
  chunk += bytes;
  chunk += "\r\n";
  return chunk;
}

std::string ResponseHead::text() const {
  std::string text;
  text.reserve(320);
  text += fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_of(response.status));
  add_field(text, "Date", http_date(now_us));
  if (!response.content_type.empty()) add_field(text, "Content-Type", response.content_type);
  if (content_length) add_field(text, "Content-Length", std::to_string(*content_length));
  if (is_chunked) add_field(text, "Transfer-Encoding", "chunked");
  if (!keep_alive) {
    add_field(text, "Connection", "close");
  } else if (is_http_1_0) {
    add_field(text, "Connection", "keep-alive");
  }
  add_field(text, "X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) add_field(text, name, value);
  text += "\r\n";
  return text;
}

}  // namespace anabranch::http
