#include "app/running_project.h"

#include <set>

#include <spdlog/spdlog.h>

namespace anabranch::app {
namespace {

constexpr int64_t files_look_interval_us = 2'000'000;

}  // namespace

RunningProject::RunningProject(io::FileSystem& files, io::Clock& clock, project::Project project,
                               std::optional<ProjectTexts> texts, io::Path snapshots)
    : files_(files),
      clock_(clock),
      root_(project.root),
      snapshots_(std::move(snapshots)),
      project_(std::make_shared<const project::Project>(std::move(project))) {
  if (texts) {
    texts_ = std::make_shared<const ProjectTexts>(std::move(*texts));
  } else if (auto read = read_project_texts(files_, root_)) {
    texts_ = std::make_shared<const ProjectTexts>(std::move(*read));
  }
}

std::shared_ptr<const project::Project> RunningProject::get() const {
  Lock lock(mutex_);
  return project_;
}

std::shared_ptr<const ProjectTexts> RunningProject::texts() const {
  Lock lock(mutex_);
  return texts_;
}

RunningProject::Now RunningProject::now() const {
  Lock lock(mutex_);
  return {project_, texts_};
}

void RunningProject::set(std::shared_ptr<const project::Project> project, ProjectTexts texts) {
  Lock lock(mutex_);
  project_ = std::move(project);
  texts_ = std::make_shared<const ProjectTexts>(std::move(texts));
  looked_at_files_us_ = 0;
}

void RunningProject::keep() {
  const auto texts = this->texts();
  if (!texts) return;
  ProjectSnapshots snapshots(files_, snapshots_);
  if (const Status kept = snapshots.keep(*texts); !kept)
    spdlog::warn("undo will not go back to this: {}", kept.error().describe());
}

std::vector<std::string> RunningProject::changed_files(bool is_fresh) {
  std::shared_ptr<const ProjectTexts> texts;
  const int64_t now_us = clock_.monotonic_us();
  {
    Lock lock(mutex_);
    if (!is_fresh && looked_at_files_us_ != 0 && now_us - looked_at_files_us_ < files_look_interval_us)
      return changed_files_;
    looked_at_files_us_ = now_us;
    texts = texts_;
  }
  std::vector<std::string> changed;
  if (texts) {
    if (const auto now = read_project_texts(files_, root_)) changed = app::changed_files(*texts, *now);
  }
  Lock lock(mutex_);
  if (texts == texts_) changed_files_ = changed;
  return changed;
}

project::Environment RunningProject::environment_for_others() const {
  auto named = std::make_shared<std::set<std::string>>();
  const auto texts = this->texts();
  for (const auto& [path, text] : texts ? *texts : ProjectTexts{})
    named->merge(project::environment_names(text));
  return [named](const std::string& name) {
    return named->contains(name) ? project::process_environment(name) : std::nullopt;
  };
}

}  // namespace anabranch::app
