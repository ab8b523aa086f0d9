#pragma once
// A project in a temporary folder, for tests.

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "project/loader.h"
#include "project/sql_select_reader.h"

namespace anabranch::project {

using Files = std::map<std::string, std::string>;

class TestProject {
 public:
  explicit TestProject(const Files& files) {
    std::string pattern = (std::filesystem::temp_directory_path() / "anabranch-project-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    for (const auto& [name, text] : files) write(name, text);
  }
  ~TestProject() { std::filesystem::remove_all(root_); }
  TestProject(const TestProject&) = delete;
  TestProject& operator=(const TestProject&) = delete;

  void write(const std::string& name, const std::string& text) {
    auto& files = io::local_file_system();
    files.create_folders((root_ / name).parent_path()).value();
    files.open(root_ / name, io::FileSystem::Open::create_new).value()->append(text).value();
  }
  const io::Path& root() const { return root_; }

  Loaded load() const {
    SqlSelectReader selects;
    return project::load(io::local_file_system(), root_, selects);
  }
  /// One line for each problem.
  std::vector<std::string> problems() const {
    std::vector<std::string> lines;
    for (const Problem& problem : load().problems) lines.push_back(problem.describe_line());
    return lines;
  }

 private:
  io::Path root_;
};

}  // namespace anabranch::project
