#pragma once
// Records of the catalogue as JSON in its columns. Included by src/catalog only.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "model/offsets.h"

namespace anabranch::catalog {

/// bad_input when a name is not UTF-8.
Result<std::string> offsets_to_json(const model::Offsets& offsets);
Result<std::string> names_to_json(const std::vector<std::string>& names);
Result<std::string> warnings_to_json(const std::vector<BuildWarning>& warnings);

/// corrupt when it is something else.
Result<model::Offsets> offsets_from_json(std::string_view json);
Result<std::vector<std::string>> names_from_json(std::string_view json);
Result<std::vector<BuildWarning>> warnings_from_json(std::string_view json);

}  // namespace anabranch::catalog
