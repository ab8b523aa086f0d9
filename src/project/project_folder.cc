#include "project/project_folder.h"

#include <fmt/format.h>

#include "project/environment.h"

namespace anabranch::project {

std::vector<io::FolderEntry> ProjectFolder::list(const std::string& folder) const {
  auto entries = files_.list(folder.empty() ? root_ : root_ / folder);
  if (!entries) {
    if (entries.error().code != Code::not_found) problems_.error(entries.error(), {folder});
    return {};
  }
  std::erase_if(*entries, [](const io::FolderEntry& entry) { return entry.name.starts_with('.'); });
  return std::move(*entries);
}

std::vector<std::string> ProjectFolder::yaml_files(const std::string& folder) const {
  std::vector<std::string> found;
  for (const io::FolderEntry& entry : list(folder)) {
    const std::string file = folder + "/" + entry.name;
    if (entry.is_folder) {
      problems_.warning({file}, "this folder is not read", fmt::format("put its files into {}/", folder));
    } else if (entry.name.ends_with(".yml")) {
      found.push_back(file);
    } else {
      warn_stray(file, "*.yml");
    }
  }
  return found;
}

void ProjectFolder::warn_stray(const std::string& file, std::string_view wanted) const {
  if (file.ends_with(".md")) return;
  problems_.warning({file}, "this file is not read",
                    file.ends_with(".yaml")
                        ? fmt::format("rename it to {}.yml", file.substr(0, file.size() - 5))
                        : fmt::format("only {} belongs here: rename it or move it away", wanted));
}

std::optional<SourceText> ProjectFolder::read(const std::string& file) const {
  auto bytes = files_.read_file(root_ / file);
  if (!bytes) {
    problems_.error(bytes.error(), {file});
    return std::nullopt;
  }
  return to_source_text(file, std::move(*bytes), problems_);
}

std::optional<YamlNode> ProjectFolder::read_yaml(const std::string& file,
                                                 const std::vector<std::string>& secret_keys) const {
  const auto source = read(file);
  if (!source) return std::nullopt;
  auto root = parse_yaml(*source, problems_);
  if (root) put_in_environment(*root, environment_, problems_, secret_keys);
  return root;
}

std::string stem_of(const std::string& file) { return io::Path(file).stem().string(); }

}  // namespace anabranch::project
