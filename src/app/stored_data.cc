#include "app/stored_data.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "app/storage.h"
#include "model/names.h"

namespace anabranch::app {
namespace {

using front::Droppable;
using Kind = Droppable::Kind;

constexpr const char* discarded_folder = "discarded";

Result<std::vector<io::FolderEntry>> list(io::FileSystem& files, const io::Path& folder) {
  auto entries = files.list(folder);
  if (!entries && entries.error().code == Code::not_found) return std::vector<io::FolderEntry>();
  return entries;
}

Result<std::set<std::string>> folders_in(io::FileSystem& files, const io::Path& folder) {
  std::set<std::string> names;
  for (const io::FolderEntry& entry : TRY(list(files, folder))) {
    if (entry.is_folder) names.insert(entry.name);
  }
  return names;
}

}  // namespace

Result<std::vector<Droppable>> find_stored(io::FileSystem& files, const io::Path& data_folder) {
  std::map<std::pair<Kind, std::string>, std::vector<std::string>> found;
  const auto logs = TRY(folders_in(files, data_folder / "log"));
  const auto tables = TRY(folders_in(files, data_folder / "lake" / "tables"));
  // In the lake first: what is left without it is a stream or a table all the same.
  for (const std::string& name : TRY(folders_in(files, data_folder / "lake" / "bronze"))) {
    const bool is_table = tables.contains(name) && !logs.contains(name);
    found[{is_table ? Kind::table : Kind::stream, name}].push_back("lake/bronze/" + name);
  }
  for (const std::string& name : logs) found[{Kind::stream, name}].push_back("log/" + name);
  for (const std::string& name : tables) found[{Kind::table, name}].push_back("lake/tables/" + name);
  for (const std::string layer : {"silver", "gold"}) {
    for (const std::string& name : TRY(folders_in(files, data_folder / "lake" / layer)))
      found[{Kind::view, model::RelationName{layer, name}.text()}].push_back(
          fmt::format("lake/{}/{}", layer, name));
  }
  std::vector<Droppable> all;
  for (auto& [key, folders] : found) {
    Droppable item{key.first, key.second, 0, std::move(folders), {}};
    for (const std::string& folder : item.folders)
      item.bytes += static_cast<int64_t>(bytes_below(files, data_folder / folder));
    all.push_back(std::move(item));
  }
  return all;
}

Status discard(io::FileSystem& files, const io::Path& data_folder, const std::vector<std::string>& folders,
               const std::string& id) {
  const io::Path discarded = data_folder / discarded_folder;
  TRY(remove_discarded(files, data_folder));
  TRY(files.create_folders(discarded));
  TRY(files.sync_folder(data_folder));
  size_t number = 0;
  for (const std::string& folder : folders) {
    TRY(files.rename(data_folder / folder, discarded / fmt::format("{}-{}", id, number++)));
    TRY(files.sync_folder(discarded));
    TRY(files.sync_folder((data_folder / folder).parent_path()));
  }
  return remove_discarded(files, data_folder);
}

Status remove_discarded(io::FileSystem& files, const io::Path& data_folder) {
  return files.remove_all(data_folder / discarded_folder);
}

}  // namespace anabranch::app
