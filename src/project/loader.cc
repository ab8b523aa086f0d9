#include "project/loader.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "project/dashboard_reader.h"
#include "project/dependencies.h"
#include "project/model_reader.h"
#include "project/names.h"
#include "project/nearest.h"
#include "project/project_folder.h"
#include "project/settings_reader.h"
#include "project/source_reader.h"
#include "project/stream_reader.h"
#include "project/unit_test_reader.h"

namespace anabranch::project {
namespace {

constexpr const char* init_hint = "run 'anabranch init' to begin one, or go to the folder of a project";

// A folder that is nearly named like one of ours holds files that would be silently left out.
void check_folders(const ProjectFolder& folder) {
  static const std::vector<std::string> ours = {"streams", "sources", "models", "dashboards", "tests"};
  for (const io::FolderEntry& entry : folder.list("")) {
    if (!entry.is_folder || std::find(ours.begin(), ours.end(), entry.name) != ours.end()) continue;
    if (entry.name == "macros") {
      folder.problems().warning({entry.name}, "macros are not read by this version",
                                "write them out in the models");
    } else if (const auto meant = nearest(entry.name, ours);
               meant && edit_distance(entry.name, *meant) <= 2) {
      folder.problems().warning({entry.name}, "this folder is not read",
                                fmt::format("did you mean '{}/'?", *meant));
    }
  }
}

// Remembers names and reports those that are taken already; letter case does not count.
class NameList {
 public:
  NameList(std::string what, Problems& problems) : what_(std::move(what)), problems_(problems) {}

  void add(const std::string& name, const Place& place) {
    const auto [earlier, is_new] = taken_.emplace(fold_case(name), place);
    if (is_new) return;
    const Place& first = earlier->second;
    problems_.error(place, fmt::format("the {} '{}' exists already", what_, name),
                    fmt::format("{}{} has the first: rename one", first.file,
                                first.line > 0 ? fmt::format(":{}", first.line) : std::string()));
  }

 private:
  const std::string what_;
  Problems& problems_;
  std::map<std::string, Place> taken_;
};

void check_names(const Project& project, const std::vector<ReadModel>& models, Problems& problems) {
  NameList bronze("stream or table", problems);
  NameList sources("source", problems);
  NameList views("view", problems);
  NameList dashboards("dashboard", problems);
  NameList tests("test", problems);
  for (const StreamFile& stream : project.streams) bronze.add(stream.name, stream.place);
  for (const SourceFile& source : project.sources) {
    sources.add(source.name, source.place);
    for (const TableFile& table : source.tables) bronze.add(table.name, table.place);
    if (!source.arriving || source.arriving->stream.empty() || project.find_stream(source.arriving->stream))
      continue;
    std::vector<std::string> streams;
    for (const StreamFile& stream : project.streams) streams.push_back(stream.name);
    problems.error(
        source.place, fmt::format("there is no stream '{}'", source.arriving->stream),
        streams.empty() ? "declare it in streams/" : suggest(source.arriving->stream, streams, "there are"));
  }
  for (const ReadModel& read : models) views.add(read.model.name, {read.model.file});
  for (const Dashboard& dashboard : project.dashboards) dashboards.add(dashboard.name, dashboard.place);
  for (const UnitTest& test : project.tests) tests.add(test.name, test.place);
}

void read_files(const ProjectFolder& folder, SelectReader& selects, Project& project) {
  check_folders(folder);
  read_settings(folder, project);
  for (const std::string& file : folder.yaml_files("streams")) {
    if (auto stream = read_stream(folder, file)) project.streams.push_back(std::move(*stream));
  }
  std::vector<ReadSource> sources;
  for (const std::string& file : folder.yaml_files("sources")) {
    if (auto source = read_source(folder, file)) sources.push_back(std::move(*source));
  }
  check_arrival_folders(folder, sources);
  for (ReadSource& read : sources) project.sources.push_back(std::move(read.source));
  std::vector<ReadModel> models = read_models(folder, selects);
  check_names(project, models, folder.problems());
  project.models = link_models(std::move(models), project, folder.problems());
  for (const std::string& file : folder.yaml_files("dashboards")) {
    if (auto dashboard = read_dashboard(folder, file, project))
      project.dashboards.push_back(std::move(*dashboard));
  }
  for (const std::string& file : folder.yaml_files("tests")) {
    for (UnitTest& test : read_unit_tests(folder, file, project)) project.tests.push_back(std::move(test));
  }
}

std::vector<Problem> of_severity(const std::vector<Problem>& problems, Severity severity) {
  std::vector<Problem> chosen;
  std::copy_if(problems.begin(), problems.end(), std::back_inserter(chosen),
               [&](const Problem& problem) { return problem.severity == severity; });
  return chosen;
}

}  // namespace

bool Loaded::has_errors() const {
  return std::any_of(problems.begin(), problems.end(),
                     [](const Problem& problem) { return problem.severity == Severity::error; });
}

std::vector<Problem> Loaded::errors() const { return of_severity(problems, Severity::error); }

std::vector<Problem> Loaded::warnings() const { return of_severity(problems, Severity::warning); }

Status Loaded::status() const {
  const std::vector<Problem> all = errors();
  if (all.empty()) return {};
  const Problem& first = all.front();
  return fail_at(
      first.place, Code::bad_input,
      all.size() == 1 ? first.message : fmt::format("{} (the first of {} errors)", first.message, all.size()),
      first.hint);
}

Loaded load(io::FileSystem& files, const io::Path& root, SelectReader& selects, const KnownAdapters& adapters,
            const Environment& environment) {
  Loaded loaded;
  loaded.project.root = root;
  Problems problems;
  const auto is_there = files.exists(root / settings_file);
  if (!is_there) {
    problems.error(is_there.error(), {settings_file});
  } else if (!*is_there) {
    problems.error({settings_file},
                   fmt::format("{} is not an Anabranch project: it has no {}", root.string(), settings_file),
                   init_hint);
  } else {
    read_files(ProjectFolder(files, root, problems, adapters, environment), selects, loaded.project);
  }
  loaded.problems = problems.take_sorted();
  add_excerpts(loaded.problems, files, root);
  return loaded;
}

Result<io::Path> find_project_root(io::FileSystem& files, const io::Path& start) {
  io::Path folder = start.lexically_normal();
  if (!folder.has_filename() && folder.has_relative_path()) folder = folder.parent_path();  // "a/b/" to "a/b"
  while (true) {
    if (TRY(files.exists(folder / settings_file))) return folder;
    if (!folder.has_relative_path() || folder.parent_path() == folder) break;
    folder = folder.parent_path();
  }
  return fail(Code::not_found,
              fmt::format("{} is not in an Anabranch project: neither it nor a folder above has {}",
                          start.string(), settings_file),
              init_hint);
}

}  // namespace anabranch::project
