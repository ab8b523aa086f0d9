#include "http/router.h"

#include <algorithm>

#include "base/assert.h"

namespace anabranch::http {
namespace {

bool is_param(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }

std::vector<std::string> split(std::string_view pattern) {
  ANABRANCH_ASSERT(pattern.starts_with('/'));
  std::vector<std::string> segments;
  while (!pattern.empty()) {
    pattern.remove_prefix(1);
    const size_t end = std::min(pattern.find('/'), pattern.size());
    segments.emplace_back(pattern.substr(0, end));
    pattern.remove_prefix(end);
  }
  return segments;
}

bool matches(const Route& route, const std::vector<std::string>& segments) {
  if (route.segments.size() != segments.size()) return false;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (is_param(route.segments[i]) ? segments[i].empty() : route.segments[i] != segments[i]) return false;
  }
  return true;
}

bool is_more_literal(const Route& a, const Route& b) {
  for (size_t i = 0; i < a.segments.size(); ++i) {
    if (is_param(a.segments[i]) != is_param(b.segments[i])) return is_param(b.segments[i]);
  }
  return false;
}

}  // namespace

void Router::add(std::string method, std::string pattern, Handler handler, RunOn run_on) {
  Route route;
  route.segments = split(pattern);
  route.method = std::move(method);
  route.pattern = std::move(pattern);
  route.handler = std::move(handler);
  route.run_on = run_on;
  routes_.push_back(std::move(route));
}

Route& Router::find(std::string_view method, std::string_view pattern) {
  const auto route = std::ranges::find_if(
      routes_, [&](const Route& r) { return r.method == method && r.pattern == pattern; });
  ANABRANCH_ASSERT(route != routes_.end());
  return *route;
}

void Router::limit(std::string_view method, std::string_view pattern, double requests_per_s, double burst) {
  ANABRANCH_ASSERT(requests_per_s > 0 && burst >= 1);
  find(method, pattern).bucket = std::make_unique<TokenBucket>(requests_per_s, burst);
}

void Router::keep_place(std::string_view method, std::string_view pattern) {
  find(method, pattern).keeps_place = true;
}

Router::Match Router::match(std::string_view method, const std::vector<std::string>& segments) const {
  const bool is_head = method == "HEAD";
  Match match;
  const auto allow = [&](std::string_view name) {
    if (!match.allow.empty()) match.allow += ", ";
    match.allow += name;
  };
  bool has_head = false;
  for (const Route& route : routes_) {
    if (!matches(route, segments)) continue;
    if (route.method != method && !(is_head && route.method == "GET")) {
      if (match.allow.find(route.method) == std::string::npos) allow(route.method);
      has_head = has_head || route.method == "GET";
    } else if (!match.route || is_more_literal(route, *match.route)) {
      match.route = &route;
    }
  }
  if (!match.route) {
    if (has_head) allow("HEAD");
    return match;
  }
  for (size_t i = 0; i < segments.size(); ++i) {
    const std::string& name = match.route->segments[i];
    if (is_param(name)) match.params.add(name.substr(1, name.size() - 2), segments[i]);
  }
  return match;
}

}  // namespace anabranch::http
