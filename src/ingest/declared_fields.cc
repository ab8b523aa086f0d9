#include "ingest/declared_fields.h"

#include <algorithm>

#include <fmt/format.h>

#include "ingest/excerpt.h"

namespace anabranch::ingest {

DeclaredFields::DeclaredFields(const model::Schema& schema) : schema_(schema) {
  parsers_.reserve(schema_.fields.size());
  for (size_t i = 0; i < schema_.fields.size(); ++i) {
    const model::Field& field = schema_.fields[i];
    parsers_.emplace_back(field.type);
    is_plain_.push_back(field.name.find_first_of("\"\\") == std::string::npos);
    if (field.required) required_.push_back(i);
    by_name_.emplace(field.name, i);
    by_folded_name_.emplace(folded(field.name), i);
  }
}

std::string DeclaredFields::objection(std::string_view name) const {
  constexpr size_t name_bytes_max = 255;
  const std::string lower = folded(name);
  if (model::is_system_column(lower)) {
    return fmt::format("field {}: the platform gives every event a column of that name; rename the field",
                       name);
  }
  if (model::is_reserved_name(name)) {
    return fmt::format("field {}: names that begin with {} are the platform's own; rename the field",
                       excerpt(name), model::reserved_prefix);
  }
  if (const auto alike = by_folded_name_.find(lower); alike != by_folded_name_.end()) {
    return fmt::format("field {}: differs only in case from the declared field {}; names in SQL do not",
                       excerpt(name), this->name(alike->second));
  }
  const bool has_control = std::any_of(
      name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (name.empty() || name.size() > name_bytes_max || has_control) {
    return fmt::format("field \"{}\": a name has 1 to {} bytes and no control characters", excerpt(name),
                       name_bytes_max);
  }
  return {};
}

std::string column_objection(std::string_view name) {
  if (name.find_first_of(" ,;{}()=") == std::string_view::npos) return {};
  return fmt::format(
      "field \"{}\": a column's name has no space and none of ,;{{}}()= in it; rename the field, or set "
      "on_drift: "
      "freeze",
      excerpt(name));
}

}  // namespace anabranch::ingest
