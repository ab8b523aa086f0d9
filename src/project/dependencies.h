#pragma once
// Which views read which: checks the names and puts the views in order.

#include <vector>

#include "project/model_reader.h"

namespace anabranch::project {

/// Resolves what each model reads against the project's streams, tables and the models themselves, and
/// returns the models with depends_on, each after those that it reads; among equals by layer and name. Models
/// on a cycle are reported and come last.
std::vector<Model> link_models(std::vector<ReadModel> models, const Project& project, Problems& problems);

/// "bronze.x" of every stream and table, then every model. The names of a query.
std::vector<std::string> relation_names(const Project& project);

}  // namespace anabranch::project
