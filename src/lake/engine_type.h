#pragma once
// The names that the engine gives to types, taken apart.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/relation_column.h"

namespace anabranch::lake {

/// A type of the engine, e.g. from model::RelationColumn::type.
struct EngineType {
  enum class Kind { scalar, list, structure, map };
  Kind kind = Kind::scalar;
  std::string name;  // scalar: upper case, without arguments: "DECIMAL", "ENUM", "TIMESTAMP WITH TIME ZONE"
  std::string text;  // as the engine wrote it, arguments included
  int width = 0;     // DECIMAL
  int scale = 0;     // DECIMAL
  std::vector<EngineType> children;  // list: 1; map: key and value; structure: its fields
  std::vector<std::string> names;    // structure

  /// bad_input says what is not a type.
  static Result<EngineType> parse(std::string_view text);
};

}  // namespace anabranch::lake
