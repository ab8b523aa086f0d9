#pragma once

#include <string>

namespace anabranch::model {

/// A column of a relation: of a view, a table, a result, or a file of the lake.
///
/// `type` is an SQL type in its one spelling, e.g. "DECIMAL(18,3)", "STRUCT(a INTEGER, b VARCHAR[])". It is
/// what manifests, the catalogue and answers say; the types of a stream's fields are model::Type, which has
/// fewer.
struct RelationColumn {
  std::string name;
  std::string type;
  bool operator==(const RelationColumn&) const = default;
};

}  // namespace anabranch::model
