#include "model/column_name.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/schema.h"

namespace anabranch::model {

std::string column_name_objection(std::string_view name) {
  const bool has_control = std::any_of(
      name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (name.empty() || name.size() > column_name_bytes_max || has_control)
    return fmt::format("has 1 to {} bytes and no control characters", column_name_bytes_max);
  if (is_reserved_name(name))
    return fmt::format("does not begin with {}, which is the platform's own", reserved_prefix);
  return {};
}

std::string lake_column_name_objection(std::string_view name) {
  if (std::string why = column_name_objection(name); !why.empty()) return why;
  if (name.find_first_of(delta_taboo) == std::string_view::npos) return {};
  return fmt::format("has no space and none of {} in it", delta_taboo.substr(1));
}

}  // namespace anabranch::model
