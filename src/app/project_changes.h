#pragma once

#include <functional>
#include <string>

#include "front/project_plan.h"
#include "model/offsets.h"
#include "project/project.h"
#include "views/world.h"

namespace anabranch::app {

/// A project as it runs or would run.
struct RunnableProject {
  const project::Project& project;
  const views::World& world;
};

/// What differs between two projects, and what that means for who reads them. `has_build` says whether the
/// states of a view of `after` are there already; `durable` are the events that there are.
front::ProjectPlan compare_projects(const RunnableProject& before, const RunnableProject& after,
                                    const std::function<bool(const std::string&)>& has_build,
                                    const model::Offsets& durable);

/// Whether a stream declares other things than before, and whether a table is to be copied anew.
bool is_changed(const project::StreamFile& before, const project::StreamFile& after);
bool is_changed(const project::TableFile& before, const project::TableFile& after);

}  // namespace anabranch::app
