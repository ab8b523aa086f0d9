#pragma once
// Types of streams as types of the engine. Included by src/sql only.

#include "duckdb.hpp"
#include "model/type.h"

namespace anabranch::sql {

/// The engine's type for a field.
duckdb::LogicalType engine_type(const model::Type& type);
/// The type in which a model::Column of this type lies in memory; is cast to engine_type where the two
/// differ.
duckdb::LogicalType carried_type(const model::Type& type);

}  // namespace anabranch::sql
