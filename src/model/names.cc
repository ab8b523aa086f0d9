#include "model/names.h"

#include <fmt/format.h>

#include "base/assert.h"
#include "base/hash.h"

namespace anabranch::model {

Result<RelationName> RelationName::parse(std::string_view text) {
  const size_t dot = text.find('.');
  if (dot == 0 || dot == text.npos || dot + 1 == text.size())
    return fail(Code::bad_input, fmt::format("'{}' is not the name of a relation", text),
                "write its layer, a dot and its name: bronze.flights");
  return RelationName{std::string(text.substr(0, dot)), std::string(text.substr(dot + 1))};
}

RelationName RelationName::of(std::string_view text) {
  auto name = parse(text);
  ANABRANCH_ASSERT(name.has_value());
  return std::move(*name);
}

RelationName bronze(std::string_view name) { return {"bronze", std::string(name)}; }

}  // namespace anabranch::model

size_t std::hash<anabranch::model::RelationName>::operator()(
    const anabranch::model::RelationName& relation) const noexcept {
  return anabranch::fnv1a(relation.name, anabranch::fnv1a(relation.layer) + 1);
}
