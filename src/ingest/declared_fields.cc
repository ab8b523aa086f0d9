#include "ingest/declared_fields.h"

#include <algorithm>

#include <fmt/format.h>

#include "ingest/excerpt.h"
#include "model/column_name.h"

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
  for (size_t i = 0; i < schema_.fields.size(); ++i) {
    for (const std::string& name : schema_.fields[i].was)
      by_name_.emplace(name, i);  // a field's own name stays its
  }
}

std::string DeclaredFields::objection(std::string_view name) const {
  const std::string lower = folded(name);
  if (model::is_system_column(lower)) {
    return fmt::format("field {}: the platform gives every event a column of that name; rename the field",
                       name);
  }
  if (const auto alike = by_folded_name_.find(lower); alike != by_folded_name_.end()) {
    return fmt::format("field {}: differs only in case from the declared field {}; names in SQL do not",
                       excerpt(name), this->name(alike->second));
  }
  if (const std::string why = model::column_name_objection(name); !why.empty())
    return fmt::format("field \"{}\": a name {}; rename the field", excerpt(name), why);
  return {};
}

std::string column_objection(std::string_view name) {
  const std::string why = model::lake_column_name_objection(name);
  if (why.empty()) return {};
  return fmt::format("field \"{}\": a column's name {}; rename the field, or set on_drift: freeze",
                     excerpt(name), why);
}

}  // namespace anabranch::ingest
