#include "project/data_files.h"

#include <algorithm>

#include <fnmatch.h>

namespace anabranch::project {
namespace {

constexpr int depth_max = 32;  // of folders below **, should a link lead back up

bool matches(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD | FNM_NOESCAPE) == 0;
}

// Goes down one part of the path at a time.
class Search {
 public:
  Search(io::FileSystem& files, std::vector<std::string> parts) : files_(files), parts_(std::move(parts)) {}

  Status run(const io::Path& folder, size_t part, int depth) {
    const bool is_last = part + 1 == parts_.size();
    const std::string& pattern = parts_[part];
    if (!has_wildcard(pattern) && !is_last) return run(folder / pattern, part + 1, depth);
    auto entries = files_.list(folder);
    if (!entries) {
      if (entries.error().code == Code::not_found) return {};
      return fail(entries.error());
    }
    const bool any_folders = pattern == "**";
    if (any_folders && !is_last) TRY(run(folder, part + 1, depth));
    for (const io::FolderEntry& entry : *entries) {
      if (any_folders) {
        if (entry.name.starts_with('.')) continue;
        if (entry.is_folder && depth < depth_max) TRY(run(folder / entry.name, part, depth + 1));
        if (!entry.is_folder && is_last) found.push_back(folder / entry.name);
      } else if (entry.name == pattern || (has_wildcard(pattern) && matches(pattern, entry.name))) {
        if (entry.is_folder && !is_last) TRY(run(folder / entry.name, part + 1, depth));
        if (!entry.is_folder && is_last) found.push_back(folder / entry.name);
      }
    }
    return {};
  }

  std::vector<io::Path> found;

 private:
  io::FileSystem& files_;
  const std::vector<std::string> parts_;
};

}  // namespace

bool has_wildcard(std::string_view path) { return path.find_first_of("*?[") != std::string_view::npos; }

Result<std::vector<io::Path>> matching_files(io::FileSystem& files, const io::Path& root,
                                             const std::string& path) {
  // Only what was written is a pattern: the folder of the project may be called [2013].
  const io::Path pattern = io::Path(path).lexically_normal();
  std::vector<std::string> parts;
  for (const io::Path& part : pattern.relative_path()) {
    if (!part.empty()) parts.push_back(part.string());
  }
  if (parts.empty()) return std::vector<io::Path>();
  Search search(files, std::move(parts));
  const io::Path start = pattern.has_root_path() ? pattern.root_path() : root;
  TRY(search.run(start.empty() ? io::Path(".") : start, 0, 0));
  for (io::Path& file : search.found) file = file.lexically_normal();
  std::sort(search.found.begin(), search.found.end());
  search.found.erase(std::unique(search.found.begin(), search.found.end()), search.found.end());
  return std::move(search.found);
}

}  // namespace anabranch::project
