#pragma once
// The folder of a project: which files it holds, read as text.

#include <optional>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "project/environment.h"
#include "project/known_adapters.h"
#include "project/problem.h"
#include "project/source_text.h"
#include "project/yaml_node.h"

namespace anabranch::project {

/// Paths are relative to the root, with '/'. What cannot be read is reported.
class ProjectFolder {
 public:
  ProjectFolder(io::FileSystem& files, io::Path root, Problems& problems, const KnownAdapters& adapters,
                Environment environment)
      : files_(files),
        root_(std::move(root)),
        problems_(problems),
        adapters_(adapters),
        environment_(std::move(environment)) {}

  /// Entries by name without hidden ones; empty when there is no such folder.
  std::vector<io::FolderEntry> list(const std::string& folder) const;
  /// The *.yml in a folder. Other files and folders in it get a warning, but for *.md.
  std::vector<std::string> yaml_files(const std::string& folder) const;
  /// Warns that a file is not read.
  void warn_stray(const std::string& file, std::string_view wanted) const;

  std::optional<SourceText> read(const std::string& file) const;
  /// With what the environment holds in it; values of `secret_keys` may name secrets (environment.h).
  std::optional<YamlNode> read_yaml(const std::string& file,
                                    const std::vector<std::string>& secret_keys = {}) const;

  io::FileSystem& files() const { return files_; }
  const io::Path& root() const { return root_; }
  Problems& problems() const { return problems_; }
  const KnownAdapters& adapters() const { return adapters_; }

 private:
  io::FileSystem& files_;
  const io::Path root_;
  Problems& problems_;
  const KnownAdapters& adapters_;
  const Environment environment_;
};

/// "streams/flights.yml" to "flights".
std::string stem_of(const std::string& file);

}  // namespace anabranch::project
