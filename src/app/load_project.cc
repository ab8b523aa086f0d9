#include "app/load_project.h"

#include <cstdio>

#include <fmt/format.h>

#include "app/project_view.h"
#include "app/slots.h"
#include "project/loader.h"
#include "project/sql_select_reader.h"

namespace anabranch::app {
namespace {

constexpr size_t shown_max = 20;

std::string count_of(size_t mistakes) {
  return fmt::format("the project has {} mistake{}", mistakes, mistakes == 1 ? "" : "s");
}

// Believes every text: who needs to know it asks the engine.
class NoSelects final : public project::SelectReader {
 public:
  Result<project::ReadSelect> read(std::string_view) override { return project::ReadSelect(); }
};

}  // namespace

Result<project::Project> load_project(const io::Path& root, const std::string& target, Printed printed) {
  project::SqlSelectReader reader;
  auto loaded = project::load(io::local_file_system(), root, reader, known_adapters());
  const auto errors = loaded.errors();
  for (const auto& problem : loaded.problems) {
    const bool is_error = problem.severity == project::Severity::error;
    if (printed == Printed::all || (is_error && printed == Printed::errors))
      fmt::print(stderr, "{}\n", problem.describe());
  }
  if (!errors.empty())
    return fail(Code::bad_input, count_of(errors.size()), "correct them and run: anabranch check");
  loaded.project.settings = TRY(loaded.project.settings_of(target));
  return std::move(loaded.project);
}

Result<project::Project> load_texts(const ProjectTexts& texts, const io::Path& root,
                                    const std::string& target, const project::Environment& environment) {
  ProjectView view(io::local_file_system(), root, texts);
  project::SqlSelectReader reader;
  auto loaded = project::load(view, root, reader, known_adapters(), environment);
  const auto errors = loaded.errors();
  if (!errors.empty()) {
    std::string message = count_of(errors.size()) + ":";
    for (size_t i = 0; i < errors.size() && i < shown_max; ++i) message += "\n" + errors[i].describe_line();
    if (errors.size() > shown_max) message += fmt::format("\nand {} more", errors.size() - shown_max);
    return fail(Code::bad_input, message, "correct them; what runs goes on as it is");
  }
  loaded.project.settings = TRY(loaded.project.settings_of(target));
  return std::move(loaded.project);
}

Result<LoadedProject> load_applied(const io::Path& root, const io::Path& data_folder,
                                   const std::string& target, Printed printed) {
  ProjectSnapshots snapshots(io::local_file_system(), data_folder / "projects");
  auto newest = TRY(snapshots.find(0));
  if (!newest) return LoadedProject{TRY(load_project(root, target, printed)), std::nullopt};
  auto project = TRY(load_texts(*newest, root, target));
  return LoadedProject{std::move(project), std::move(newest)};
}

Result<project::Project> load_without_models(const io::Path& root, const std::string& target) {
  NoSelects none;
  auto loaded = project::load(io::local_file_system(), root, none, known_adapters());
  TRY(loaded.status());
  loaded.project.settings = TRY(loaded.project.settings_of(target));
  return std::move(loaded.project);
}

}  // namespace anabranch::app
