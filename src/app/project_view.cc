#include "app/project_view.h"

#include <map>

#include <fmt/format.h>

namespace anabranch::app {
namespace {

// Of a file that was read before.
class TextFile final : public io::File {
 public:
  explicit TextFile(const std::string& text) : text_(text) {}
  Status append(std::string_view) override { return fail(Code::refused, "this file can only be read"); }
  Result<std::string> read_at(uint64_t position, size_t size) const override {
    return position < text_.size() ? text_.substr(position, size) : std::string();
  }
  Status sync() override { return {}; }
  Result<uint64_t> size() const override { return text_.size(); }
  Status truncate(uint64_t) override { return fail(Code::refused, "this file can only be read"); }

 private:
  const std::string& text_;
};

}  // namespace

std::optional<std::string> ProjectView::inside(const io::Path& path) const {
  const std::string relative = path.lexically_normal().lexically_relative(root_).generic_string();
  if (relative == "anabranch.yml") return relative;
  const std::string first = relative.substr(0, relative.find('/'));
  for (const char* folder : project_folders) {
    if (first == folder) return relative.ends_with('/') ? relative.substr(0, relative.size() - 1) : relative;
  }
  return std::nullopt;
}

Result<std::unique_ptr<io::File>> ProjectView::open(const io::Path& path, Open mode) {
  if (mode != Open::read) return fail(refuse(path).error());
  const auto name = inside(path);
  if (!name) return files_.open(path, mode);
  const auto found = texts_.find(*name);
  if (found == texts_.end()) return fail(Code::not_found, fmt::format("there is no file {}", *name));
  return std::make_unique<TextFile>(found->second);
}

Result<std::vector<io::FolderEntry>> ProjectView::list(const io::Path& path) {
  const auto name = inside(path);
  if (!name) return files_.list(path);
  const std::string folder = *name + "/";
  std::map<std::string, io::FolderEntry> entries;
  for (auto text = texts_.lower_bound(folder); text != texts_.end() && text->first.starts_with(folder);
       ++text) {
    const std::string rest = text->first.substr(folder.size());
    const size_t slash = rest.find('/');
    const std::string entry = rest.substr(0, slash);
    entries[entry] = {entry, slash != std::string::npos,
                      slash == std::string::npos ? text->second.size() : 0};
  }
  if (entries.empty()) return fail(Code::not_found, fmt::format("there is no folder {}", *name));
  std::vector<io::FolderEntry> all;
  for (auto& [entry, found] : entries) all.push_back(std::move(found));
  return all;
}

Result<bool> ProjectView::exists(const io::Path& path) {
  const auto name = inside(path);
  if (!name) return files_.exists(path);
  return texts_.contains(*name) || list(path).has_value();
}

Result<std::unique_ptr<io::FileLock>> ProjectView::lock(const io::Path& path, std::string_view) {
  return fail(refuse(path).error());
}

Status ProjectView::refuse(const io::Path& path) {
  return fail(Code::refused, fmt::format("{} can only be read", path.string()));
}

}  // namespace anabranch::app
