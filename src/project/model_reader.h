#pragma once
// models/<layer>/<name>.sql and .yml.

#include <vector>

#include "project/project.h"
#include "project/project_folder.h"
#include "project/select_reader.h"

namespace anabranch::project {

/// A table that a model's SQL names, as it is written there.
struct TableUse {
  std::string schema;
  std::string name;
  Place place;
};

/// A model with the tables that it names; which of them exist is checked in dependencies.h.
struct ReadModel {
  Model model;
  std::vector<TableUse> tables;
};

/// All models of both layers, by file name.
std::vector<ReadModel> read_models(const ProjectFolder& folder, SelectReader& selects);

}  // namespace anabranch::project
