#include "http/origin_guard.h"

#include <algorithm>

#include "http/problem.h"

namespace anabranch::http {
namespace {

// "[::1]:8080" to "[::1]"
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

// "http://localhost:80" to "localhost"; "" for what is no origin of the web.
std::string_view host_of_origin(std::string_view origin, std::string_view& default_port) {
  const size_t scheme = origin.find("://");
  if (scheme == origin.npos) return {};
  default_port = origin.starts_with("https") ? ":443" : ":80";
  return origin.substr(scheme + 3);
}

std::string_view without_suffix(std::string_view text, std::string_view suffix) {
  if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
  return text;
}

bool is_same_origin(std::string_view origin, std::string_view host) {
  std::string_view port;
  const std::string_view from = host_of_origin(origin, port);
  return !from.empty() && equal_ignoring_case(without_suffix(from, port), without_suffix(host, port));
}

Response refusal(std::string message, std::string hint) {
  return problem(Error{Code::refused, std::move(message), std::move(hint), std::nullopt}, "refused");
}

}  // namespace

OriginGuard::OriginGuard(std::vector<std::string> hosts, bool has_any_name)
    : hosts_(std::move(hosts)), has_any_name_(has_any_name) {
  for (const char* own : {"localhost", "127.0.0.1", "[::1]"}) hosts_.emplace_back(own);
}

std::optional<Response> OriginGuard::check(const Request& request) const {
  const std::string_view host = request.headers.get("Host");
  const bool is_ours = has_any_name_ || std::ranges::any_of(hosts_, [&](const std::string& own) {
                         return equal_ignoring_case(own, without_port(host));
                       });
  if (!host.empty() && !is_ours) {  // only HTTP/1.0 may leave it out, and no browser does
    return refusal("this server answers only to its own name on this machine",
                   "open it as http://127.0.0.1 or http://localhost, with its port");
  }
  const bool only_reads = request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
  const auto origin = request.headers.find("Origin");
  if (!only_reads && origin && !is_same_origin(*origin, host)) {
    return refusal("a page of another site may not do this",
                   "send it from the server's own page, or without a browser");
  }
  return std::nullopt;
}

}  // namespace anabranch::http
