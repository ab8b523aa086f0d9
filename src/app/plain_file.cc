#include "app/plain_file.h"

#include <algorithm>

#include "sql/object_urls.h"

namespace anabranch::app {

Result<io::Path> plain_file(lake::ObjectStore& store, const std::string& name, const io::Path& folder) {
  const auto key = sql::object_key(name);
  if (!key) return io::Path(name);
  if (auto file = store.file_of(*key)) return std::move(*file);
  auto& files = io::local_file_system();
  const io::Path copy = folder / "objects" / *key;
  if (TRY(files.exists(copy))) return copy;
  TRY(files.create_folders(copy.parent_path()));
  const auto object = TRY(store.open(*key));
  const auto file = TRY(files.open(copy, io::FileSystem::Open::create_new));
  constexpr uint64_t piece_bytes = 4 << 20;
  std::string piece;
  for (uint64_t at = 0; at < object->size(); at += piece.size()) {
    piece.resize(std::min(piece_bytes, object->size() - at));
    TRY(object->read(at, piece));
    TRY(file->append(piece));
  }
  return copy;
}

}  // namespace anabranch::app
