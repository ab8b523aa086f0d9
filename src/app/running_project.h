#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/project_snapshots.h"
#include "base/mutex.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "project/environment.h"
#include "project/project.h"

namespace anabranch::app {

/// The project that runs, with the texts that it was made of. An apply puts another in its place. Any thread.
class RunningProject {
 public:
  /// `texts`: what it was loaded from; none: its files as they are. `snapshots`: the folder of those that
  /// were taken over.
  RunningProject(io::FileSystem& files, io::Clock& clock, project::Project project,
                 std::optional<ProjectTexts> texts, io::Path snapshots);

  std::shared_ptr<const project::Project> get() const EXCLUDES(mutex_);
  std::shared_ptr<const ProjectTexts> texts() const EXCLUDES(mutex_);  // null: not known
  /// Both of one moment.
  struct Now {
    std::shared_ptr<const project::Project> project;
    std::shared_ptr<const ProjectTexts> texts;
  };
  Now now() const EXCLUDES(mutex_);
  void set(std::shared_ptr<const project::Project> project, ProjectTexts texts) EXCLUDES(mutex_);

  /// What runs is what an undo of the next apply goes back to.
  void keep() EXCLUDES(mutex_);
  /// Files that are not as they run, looked at now, or within the last two seconds.
  std::vector<std::string> changed_files(bool is_fresh) EXCLUDES(mutex_);
  /// The environment of texts that somebody has sent, who is answered with what they say: variables that the
  /// project which runs does not name are not there for them.
  project::Environment environment_for_others() const EXCLUDES(mutex_);

 private:
  io::FileSystem& files_;
  io::Clock& clock_;
  const io::Path root_;
  const io::Path snapshots_;
  mutable Mutex mutex_;
  std::shared_ptr<const project::Project> project_ GUARDED_BY(mutex_);
  std::shared_ptr<const ProjectTexts> texts_ GUARDED_BY(mutex_);
  std::vector<std::string> changed_files_ GUARDED_BY(mutex_);
  int64_t looked_at_files_us_ GUARDED_BY(mutex_) = 0;
};

}  // namespace anabranch::app
