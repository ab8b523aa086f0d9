#include "sql/object_urls.h"

#include <span>

#include <fmt/format.h>

#include "duckdb.hpp"
#include "duckdb/common/file_system.hpp"
#include "duckdb/main/config.hpp"
#include "sql/engine_error.h"
#include "sql/session_connection.h"

namespace anabranch::sql {
namespace {

using duckdb::FileHandle;
using duckdb::FileOpener;
using duckdb::FileOpenFlags;
using duckdb::FileType;
using duckdb::idx_t;
using duckdb::optional_ptr;

constexpr std::string_view scheme = "store://";

// The engine takes a list of files for patterns, in which parquet_file.h escapes what would be one.
std::string unescaped(std::string_view pattern) {
  std::string path;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool is_escaped = pattern[i] == '[' && i + 2 < pattern.size() && pattern[i + 2] == ']';
    path += is_escaped ? pattern[i + 1] : pattern[i];
    if (is_escaped) i += 2;
  }
  return path;
}

[[noreturn]] void raise(const std::string& url, const Error& error) {
  throw duckdb::IOException("%s: %s", url, error.message);
}

template <typename T>
T checked(const std::string& url, Result<T> result) {
  if (!result) raise(url, result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct ReadHandle final : FileHandle {
  ReadHandle(duckdb::FileSystem& files, const std::string& url, FileOpenFlags open_flags,
             std::unique_ptr<io::ObjectReader> opened)
      : FileHandle(files, url, open_flags), object(std::move(opened)) {}
  ~ReadHandle() override = default;
  void Close() override {}

  const std::unique_ptr<io::ObjectReader> object;
  idx_t position = 0;
};

// Gone without Close(), nothing of the object is there: so the engine leaves one whose COPY fails.
struct WriteHandle final : FileHandle {
  WriteHandle(duckdb::FileSystem& files, const std::string& url, FileOpenFlags open_flags,
              std::unique_ptr<io::ObjectWriter> created)
      : FileHandle(files, url, open_flags), object(std::move(created)) {}
  ~WriteHandle() override = default;
  void Close() override {
    if (!object) return;
    const auto finished = std::exchange(object, nullptr);
    checked(path, finished->finish());
  }

  std::unique_ptr<io::ObjectWriter> object;
  idx_t written = 0;
};

class ObjectFileSystem final : public duckdb::FileSystem {
 public:
  explicit ObjectFileSystem(io::ObjectFiles& objects) : objects_(objects) {}

  std::string GetName() const override { return "anabranch objects"; }
  bool CanHandleFile(const std::string& path) override { return path.starts_with(scheme); }
  std::string CanonicalizePath(const std::string& path, optional_ptr<FileOpener> /*opener*/) override {
    return path;  // a key with ".." is none
  }
  std::string PathSeparator(const std::string& /*path*/) override { return "/"; }

  duckdb::unique_ptr<FileHandle> OpenFile(const std::string& url, FileOpenFlags flags,
                                          optional_ptr<FileOpener> /*opener*/) override {
    const std::string key = key_of(url);
    if (flags.OpenForWriting()) {
      if (flags.OpenForReading() || flags.OpenForAppending())
        throw duckdb::NotImplementedException("%s: an object is written once, from its beginning", url);
      return duckdb::make_uniq<WriteHandle>(*this, url, flags, checked(url, objects_.create(key)));
    }
    auto opened = objects_.open(key);
    if (!opened && opened.error().code == Code::not_found && flags.ReturnNullIfNotExists()) return nullptr;
    return duckdb::make_uniq<ReadHandle>(*this, url, flags, checked(url, std::move(opened)));
  }

  duckdb::vector<duckdb::OpenFileInfo> Glob(const std::string& pattern, FileOpener* /*opener*/) override {
    return {duckdb::OpenFileInfo(unescaped(pattern))};  // what is not there is found when it is opened
  }
  bool FileExists(const std::string& url, optional_ptr<FileOpener> /*opener*/) override {
    return objects_.open(key_of(url)).has_value();
  }
  bool DirectoryExists(const std::string& /*url*/, optional_ptr<FileOpener> /*opener*/) override {
    return true;  // keys need none
  }
  bool IsPipe(const std::string& /*url*/, optional_ptr<FileOpener> /*opener*/) override { return false; }
  void RemoveFile(const std::string& url, optional_ptr<FileOpener> /*opener*/) override {
    checked(url, objects_.remove(key_of(url)));
  }
  bool TryRemoveFile(const std::string& url, optional_ptr<FileOpener> /*opener*/) override {
    return objects_.remove(key_of(url)).has_value();
  }

  void Read(FileHandle& handle, void* buffer, int64_t bytes, idx_t position) override {
    checked(handle.path, reading(handle).object->read(
                             position, std::span(static_cast<char*>(buffer), static_cast<size_t>(bytes))));
  }
  int64_t Read(FileHandle& handle, void* buffer, int64_t bytes) override {
    ReadHandle& from = reading(handle);
    const idx_t left = from.object->size() - std::min<idx_t>(from.position, from.object->size());
    const int64_t count = std::min<int64_t>(bytes, static_cast<int64_t>(left));
    Read(handle, buffer, count, from.position);
    from.position += static_cast<idx_t>(count);
    return count;
  }
  int64_t Write(FileHandle& handle, void* buffer, int64_t bytes) override {
    WriteHandle& to = writing(handle);
    checked(handle.path, to.object->append({static_cast<const char*>(buffer), static_cast<size_t>(bytes)}));
    to.written += static_cast<idx_t>(bytes);
    return bytes;
  }

  int64_t GetFileSize(FileHandle& handle) override {
    const idx_t size =
        handle.flags.OpenForWriting() ? writing(handle).written : reading(handle).object->size();
    return static_cast<int64_t>(size);
  }
  duckdb::timestamp_t GetLastModifiedTime(FileHandle& /*handle*/) override {
    return duckdb::timestamp_t::epoch();  // its version says more
  }
  std::string GetVersionTag(FileHandle& handle) override { return reading(handle).object->version(); }
  FileType GetFileType(FileHandle& /*handle*/) override { return FileType::FILE_TYPE_REGULAR; }
  duckdb::FileMetadata Stats(FileHandle& handle) override {
    duckdb::FileMetadata found;
    found.file_size = GetFileSize(handle);
    found.last_modification_time = GetLastModifiedTime(handle);
    found.file_type = GetFileType(handle);
    return found;
  }
  void FileSync(FileHandle& /*handle*/) override {}  // what shall be durable is made so by whoever names it

  void Seek(FileHandle& handle, idx_t position) override { reading(handle).position = position; }
  void Reset(FileHandle& handle) override { Seek(handle, 0); }
  idx_t SeekPosition(FileHandle& handle) override {
    return handle.flags.OpenForWriting() ? writing(handle).written : reading(handle).position;
  }
  bool CanSeek() override { return true; }
  bool OnDiskFile(FileHandle& handle) override {
    return handle.flags.OpenForWriting() || reading(handle).object->is_near();
  }

 private:
  static std::string key_of(const std::string& url) { return url.substr(scheme.size()); }
  static ReadHandle& reading(FileHandle& handle) { return handle.Cast<ReadHandle>(); }
  static WriteHandle& writing(FileHandle& handle) { return handle.Cast<WriteHandle>(); }

  io::ObjectFiles& objects_;
};

}  // namespace

std::string object_url(std::string_view key) { return std::string(scheme) + std::string(key); }

std::optional<std::string> object_key(std::string_view url) {
  if (!url.starts_with(scheme)) return std::nullopt;
  return std::string(url.substr(scheme.size()));
}

Status give_objects(Database& database, io::ObjectFiles& objects, const std::vector<std::string>& folders) {
  auto session = TRY(database.connect());
  try {
    auto& instance = *SessionConnection::of(session).context->db;
    instance.GetFileSystem().RegisterSubSystem(duckdb::make_uniq<ObjectFileSystem>(objects));
    for (const std::string& folder : folders) {
      // A read names its files as patterns, which is how the engine compares them.
      auto& config = duckdb::DBConfig::GetConfig(instance);
      config.AddAllowedDirectory(object_url(folder));
    }
    return {};
  } catch (const std::exception& error) {
    return fail(engine_error(error, "", Code::internal));
  }
}

}  // namespace anabranch::sql
