#include "views/plan.h"

#include <fmt/format.h>

namespace anabranch::views {

std::string_view to_string(ViewClass view_class) {
  switch (view_class) {
    case ViewClass::linear:
      return "linear";
    case ViewClass::distributive:
      return "distributive";
    case ViewClass::algebraic:
      return "algebraic";
    case ViewClass::holistic:
      return "holistic";
    case ViewClass::keyed:
      return "keyed";
    case ViewClass::merged:
      return "merged";
    case ViewClass::read_time:
      return "read_time";
  }
  return "read_time";
}

const StatePart* Plan::part(std::string_view name) const {
  for (const StatePart& part : parts) {
    if (part.name == name) return &part;
  }
  return nullptr;
}

std::string summary_name(const StatePart& part) { return part.name + std::string(summary_suffix); }

std::string finalise_sql(const Plan& plan, std::map<std::string, std::string> states) {
  for (const StatePart& part : plan.parts) {
    if (part.summary.empty()) continue;
    states.try_emplace(summary_name(part), "(" + bind_relations(part.summary, states) + ")");
  }
  return bind_relations(plan.finalise, states);
}

std::string relation_token(std::string_view name) { return fmt::format("\"@{}\"", name); }

std::string bind_relations(std::string sql, const std::map<std::string, std::string>& meanings) {
  std::string out;
  out.reserve(sql.size() * 2);
  size_t at = 0;
  while (true) {
    const size_t begin = sql.find("\"@", at);
    if (begin == std::string::npos) break;
    const size_t end = sql.find('"', begin + 2);
    if (end == std::string::npos) break;
    const std::string name = sql.substr(begin + 2, end - begin - 2);
    out.append(sql, at, begin - at);
    if (const auto found = meanings.find(name); found != meanings.end()) {
      out += found->second;
    } else {
      out.append(sql, begin, end + 1 - begin);
    }
    at = end + 1;
  }
  out.append(sql, at);
  return out;
}

}  // namespace anabranch::views
