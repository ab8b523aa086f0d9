#include "io/file_copy.h"

#include <fmt/format.h>

namespace anabranch::io {
namespace {

constexpr size_t chunk_bytes = 8 << 20;

Status copy_bytes(const File& from, File& to) {
  const uint64_t size = TRY(from.size());
  for (uint64_t at = 0; at < size;) {
    const std::string bytes = TRY(from.read_at(at, chunk_bytes));
    if (bytes.empty()) break;  // it became shorter meanwhile
    TRY(to.append(bytes));
    at += bytes.size();
  }
  return {};
}

}  // namespace

Status copy_file(FileSystem& files, const Path& from, const Path& to) {
  const auto source = TRY(files.open(from, FileSystem::Open::read));
  auto target = TRY(files.open(to, FileSystem::Open::create_new));
  Status copied = copy_bytes(*source, *target);
  target.reset();
  if (!copied) (void)files.remove(to);
  return copied;
}

Result<FileStamp> stamp_of(const Path& path) {
  std::error_code error;
  FileStamp stamp;
  stamp.bytes = std::filesystem::file_size(path, error);
  if (!error) stamp.changed_at = std::filesystem::last_write_time(path, error).time_since_epoch().count();
  if (!error) return stamp;
  return fail(error == std::errc::no_such_file_or_directory ? Code::not_found : Code::io,
              fmt::format("cannot read {}: {}", path.string(), error.message()));
}

}  // namespace anabranch::io
