#include "app/storage.h"

namespace anabranch::app {

uint64_t bytes_below(io::FileSystem& files, const io::Path& folder, const std::set<std::string>& without) {
  const auto entries = files.list(folder);
  if (!entries) return 0;
  uint64_t bytes = 0;
  for (const io::FolderEntry& entry : *entries) {
    if (without.contains(entry.name)) continue;
    bytes += entry.is_folder ? bytes_below(files, folder / entry.name) : entry.size;
  }
  return bytes;
}

front::Storage measure_storage(io::FileSystem& files, const io::Path& data_folder) {
  const io::Path lake = data_folder / "lake";
  front::Storage storage;
  storage.log_bytes = bytes_below(files, data_folder / "log");
  storage.bronze_bytes = bytes_below(files, lake / "bronze");
  storage.silver_bytes = bytes_below(files, lake / "silver");
  storage.gold_bytes = bytes_below(files, lake / "gold");
  storage.states_bytes = bytes_below(files, data_folder / "serving");
  storage.other_bytes = bytes_below(files, data_folder, {"log", "lake", "serving"}) +
                        bytes_below(files, lake, {"bronze", "silver", "gold"});
  storage.free_bytes = files.free_bytes(data_folder).value_or(0);
  return storage;
}

}  // namespace anabranch::app
