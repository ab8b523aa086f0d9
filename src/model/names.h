#pragma once
// What a relation is called in SQL, in files and in addresses: a layer and a name in it. One place takes such
// texts apart and puts them together; others keep the parts. Pure functions; any thread.

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace anabranch::model {

/// A stream, a table or a view: "gold.daily". The layer ends at the first dot of a text. What comes after it
/// is the name, whatever it holds: a block of a view is called "gold.daily:1".
struct RelationName {
  std::string layer;  // "gold"
  std::string name;   // "daily"

  /// bad_input when a part is missing.
  static Result<RelationName> parse(std::string_view text);
  /// Of a text that this program has put together itself: that it is one is asserted.
  static RelationName of(std::string_view text);

  std::string text() const { return layer + "." + name; }
  bool is_bronze() const { return layer == "bronze"; }
  bool empty() const { return layer.empty() && name.empty(); }
  auto operator<=>(const RelationName&) const = default;
};

/// A stream or a table: whatever is called so is in bronze.
RelationName bronze(std::string_view name);

/// "flights" of "bronze.flights": how offsets, folders and addresses call a stream or a table.
inline std::string name_in_layer(std::string_view text) { return RelationName::of(text).name; }

}  // namespace anabranch::model

template <>
struct std::hash<anabranch::model::RelationName> {
  size_t operator()(const anabranch::model::RelationName& relation) const noexcept;
};
