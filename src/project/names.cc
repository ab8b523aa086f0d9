#include "project/names.h"

#include <fmt/format.h>

#include "model/column_name.h"

namespace anabranch::project {
namespace {

constexpr size_t identifier_bytes_max = 63;  // as in PostgreSQL, whose clients read these names

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The nearest identifier: "Delay-By Carrier" to "delay_by_carrier".
std::string to_identifier(std::string_view name) {
  std::string identifier;
  for (const char c : fold_case(name)) {
    const char kept = is_lower(c) || is_digit(c) ? c : '_';
    if (kept == '_' && identifier.ends_with('_')) continue;
    if (identifier.empty() && is_digit(kept)) identifier += '_';
    identifier += kept;
  }
  return identifier.substr(0, identifier_bytes_max);
}

}  // namespace

std::string fold_case(std::string_view name) {
  std::string folded(name);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

bool is_identifier(std::string_view name) {
  if (name.empty() || name.size() > identifier_bytes_max || is_digit(name[0])) return false;
  for (const char c : name) {
    if (!is_lower(c) && !is_digit(c) && c != '_') return false;
  }
  return true;
}

bool check_identifier(std::string_view name, std::string_view what, const Place& place, Problems& problems) {
  if (is_identifier(name)) return true;
  const std::string better = to_identifier(name);
  problems.error(place, fmt::format("'{}' cannot be the name of {}", name, what),
                 fmt::format("use lower-case letters, digits and _, first no digit, at most {} of them{}",
                             identifier_bytes_max,
                             is_identifier(better) ? fmt::format(": '{}'", better) : std::string()));
  return false;
}

bool check_column_name(std::string_view name, const Place& place, Problems& problems) {
  if (name.empty()) {
    problems.error(place, "a column needs a name", "give it one");
    return false;
  }
  const std::string why = model::lake_column_name_objection(name);
  if (why.empty()) return true;
  problems.error(place, fmt::format("'{}' cannot be the name of a column", name),
                 fmt::format("a column's name {}", why));
  return false;
}

}  // namespace anabranch::project
