#pragma once

#include <string>

#include "app/project_snapshots.h"
#include "base/result.h"
#include "io/file_system.h"
#include "project/environment.h"
#include "project/project.h"

namespace anabranch::app {

enum class Printed { nothing, errors, all };

/// Reads and checks a project; its settings are those of the target (empty: the default one). Prints problems
/// to standard error. bad_input when there are errors, not_found when there is no such target.
Result<project::Project> load_project(const io::Path& root, const std::string& target, Printed printed);

/// The same of files that were read before, as the project in `root`. Prints nothing: the message of
/// bad_input has every mistake, a line each.
Result<project::Project> load_texts(const ProjectTexts& texts, const io::Path& root,
                                    const std::string& target,
                                    const project::Environment& environment = project::process_environment);

/// A project, and the texts that it was made of; none: its files as they are.
struct LoadedProject {
  project::Project project;
  std::optional<ProjectTexts> texts;
};
/// What was taken over last, or what the files say where nothing ever was. `printed`: of mistakes of files.
Result<LoadedProject> load_applied(const io::Path& root, const io::Path& data_folder,
                                   const std::string& target, Printed printed);

/// What a project's files say but for its SQL, for who must not run the engine's parser. Prints nothing;
/// bad_input when what is left has mistakes.
Result<project::Project> load_without_models(const io::Path& root, const std::string& target);

}  // namespace anabranch::app
