#pragma once
// How deep a column may nest: one bound for every door (fields and columns that YAML declares, Parquet
// files).

#include "model/type.h"

namespace anabranch::model {

/// Lists, structs and maps one within the other. The engine's reader of Parquet takes twice as long for each
/// level more; values that nest deeper have a place as JSON.
inline constexpr int type_nesting_max = 16;

/// 0 for types without children, 2 for INTEGER[][].
int nesting_of(const Type& type);

}  // namespace anabranch::model
