#pragma once
// expectations: in the .yml of a model.

#include <vector>

#include "project/map_reader.h"
#include "project/project.h"
#include "project/select_reader.h"

namespace anabranch::project {

/// Reads the list under `expectations` of a model's map. Expressions are parsed, not bound: whether the
/// columns exist is known only to who knows the view's columns.
std::vector<Expectation> read_expectations(const MapReader& model, SelectReader& selects, Problems& problems);

}  // namespace anabranch::project
