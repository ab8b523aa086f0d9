#include "app/project_snapshots.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace anabranch::app {
namespace {

constexpr std::string_view file_ending = ".json";
constexpr int format_version = 1;
constexpr int depth_max = 3;  // models/gold/<file>

bool is_text_of_project(std::string_view name) { return name.ends_with(".yml") || name.ends_with(".sql"); }

Status read_folder(io::FileSystem& files, const io::Path& root, const std::string& folder, int depth,
                   ProjectTexts& texts) {
  const auto entries = files.list(root / folder);
  if (!entries) return entries.error().code == Code::not_found ? Status{} : fail(entries.error());
  for (const io::FolderEntry& entry : *entries) {
    const std::string path = folder + "/" + entry.name;
    if (entry.name.starts_with('.')) continue;
    if (entry.is_folder) {
      if (depth < depth_max) TRY(read_folder(files, root, path, depth + 1, texts));
    } else if (is_text_of_project(entry.name)) {
      texts[path] = TRY(files.read_file(root / path));
    }
  }
  return {};
}

}  // namespace

bool is_project_text(std::string_view path) {
  if (path == "anabranch.yml") return true;
  const std::string_view first = path.substr(0, path.find('/'));
  if (std::ranges::find(project_folders, first) == std::end(project_folders)) return false;
  const bool is_hidden = path.find("/.") != std::string_view::npos;
  return !is_hidden && std::ranges::count(path, '/') <= depth_max && is_text_of_project(path);
}

Result<ProjectTexts> read_project_texts(io::FileSystem& files, const io::Path& root) {
  ProjectTexts texts;
  texts["anabranch.yml"] = TRY(files.read_file(root / "anabranch.yml"));
  for (const char* folder : project_folders) TRY(read_folder(files, root, folder, 1, texts));
  return texts;
}

std::vector<std::string> changed_files(const ProjectTexts& before, const ProjectTexts& after) {
  std::vector<std::string> changed;
  for (const auto& [path, text] : after) {
    const auto found = before.find(path);
    if (found == before.end() || found->second != text) changed.push_back(path);
  }
  for (const auto& [path, text] : before) {
    if (!after.contains(path)) changed.push_back(path);
  }
  std::sort(changed.begin(), changed.end());
  return changed;
}

io::Path ProjectSnapshots::file_of(int64_t number) const {
  return folder_ / fmt::format("{}{}", number, file_ending);
}

Status ProjectSnapshots::keep(const ProjectTexts& texts) {
  const auto newest = find(0);
  if (newest && *newest && **newest == texts) return {};
  const auto all = TRY(numbers());
  TRY(files_.create_folders(folder_));
  using nlohmann::json;
  const std::string document =
      json{{"format", format_version}, {"files", texts}}.dump(1, ' ', false, json::error_handler_t::replace);
  TRY(files_.write_atomically(file_of(all.empty() ? 1 : all.front() + 1), document));
  for (size_t i = kept_max - 1; i < all.size(); ++i) TRY(files_.remove(file_of(all[i])));
  return {};
}

Status ProjectSnapshots::drop_newest() {
  const auto all = TRY(numbers());
  if (all.empty()) return {};
  TRY(files_.remove(file_of(all.front())));
  return files_.sync_folder(folder_);
}

Result<std::optional<ProjectTexts>> ProjectSnapshots::find(size_t back) {
  const auto all = TRY(numbers());
  if (back >= all.size()) return std::optional<ProjectTexts>();
  const io::Path file = file_of(all[back]);
  const auto document = nlohmann::json::parse(TRY(files_.read_file(file)), nullptr, false);
  const auto damaged = [&] {
    return fail(Code::corrupt, fmt::format("{} is damaged", file.string()),
                "remove it: nothing else depends on it");
  };
  if (!document.is_object()) return damaged();
  if (document.value("format", 0) != format_version)
    return fail(Code::refused, fmt::format("{} was written by another version", file.string()));
  const auto texts = document.find("files");
  if (texts == document.end() || !texts->is_object()) return damaged();
  ProjectTexts found;
  for (const auto& [path, text] : texts->items()) {
    if (!text.is_string()) return damaged();
    found[path] = text.get<std::string>();
  }
  return found;
}

Result<std::vector<int64_t>> ProjectSnapshots::numbers() {
  std::vector<int64_t> all;
  const auto entries = files_.list(folder_);
  if (!entries) {
    if (entries.error().code == Code::not_found) return all;
    return fail(entries.error());
  }
  for (const io::FolderEntry& entry : *entries) {
    int64_t number = 0;
    const std::string_view name = entry.name;
    if (entry.is_folder || !name.ends_with(file_ending)) continue;
    const char* end = name.data() + name.size() - file_ending.size();
    const auto [stop, error] = std::from_chars(name.data(), end, number);
    if (error == std::errc() && stop == end) all.push_back(number);
  }
  std::sort(all.rbegin(), all.rend());
  return all;
}

}  // namespace anabranch::app
