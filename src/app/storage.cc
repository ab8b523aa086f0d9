#include "app/storage.h"

namespace anabranch::app {
namespace {

// Its own size, or that of all below it.
uint64_t bytes_of(io::FileSystem& files, const io::Path& folder) {
  const auto entries = files.list(folder);
  if (!entries) return 0;
  uint64_t bytes = 0;
  for (const io::FolderEntry& entry : *entries)
    bytes += entry.is_folder ? bytes_of(files, folder / entry.name) : entry.size;
  return bytes;
}

}  // namespace

front::Storage measure_storage(io::FileSystem& files, const io::Path& data_folder) {
  front::Storage storage;
  storage.log_bytes = bytes_of(files, data_folder / "log");
  storage.bronze_bytes = bytes_of(files, data_folder / "lake" / "bronze");
  storage.silver_bytes = bytes_of(files, data_folder / "lake" / "silver");
  storage.gold_bytes = bytes_of(files, data_folder / "lake" / "gold");
  storage.states_bytes = bytes_of(files, data_folder / "serving");
  const uint64_t all = bytes_of(files, data_folder);
  const uint64_t known = storage.log_bytes + storage.bronze_bytes + storage.silver_bytes +
                         storage.gold_bytes + storage.states_bytes;
  storage.other_bytes = all > known ? all - known : 0;
  storage.free_bytes = files.free_bytes(data_folder).value_or(0);
  return storage;
}

}  // namespace anabranch::app
