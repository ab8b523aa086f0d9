#pragma once
// The only door to files. Everything that must survive a crash is written through here, so that a test can
// put a file system in place that forgets what was not synced, returns half a write or says that the disk is
// full.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace anabranch::io {

using Path = std::filesystem::path;

/// An open file. One thread at a time, except that read_at() may overlap everything.
class File {
 public:
  virtual ~File() = default;
  /// Appends all bytes at the end. On an error an unknown part of them may be in the file.
  virtual Status append(std::string_view bytes) = 0;
  /// Up to size bytes from position; fewer at the end of the file.
  virtual Result<std::string> read_at(uint64_t position, size_t size) const = 0;
  /// When it returns, everything appended before is on the disk (fdatasync). After an error nothing may be
  /// assumed.
  virtual Status sync() = 0;
  virtual Result<uint64_t> size() const = 0;
  /// Cuts the file; durable after the next sync().
  virtual Status truncate(uint64_t size) = 0;
};

/// Held for as long as the object lives; the operating system lets go when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

struct FolderEntry {
  std::string name;
  bool is_folder = false;
  uint64_t size = 0;
};

/// Any thread may call. Paths are taken as they are; errors name them.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  enum class Open { read, append, create_new };  // append creates the file when it is missing
  virtual Result<std::unique_ptr<File>> open(const Path& path, Open mode) = 0;
  virtual Status create_folders(const Path& path) = 0;
  /// Sorted by name. not_found when the folder does not exist.
  virtual Result<std::vector<FolderEntry>> list(const Path& path) = 0;
  virtual Result<bool> exists(const Path& path) = 0;
  /// Replaces the target atomically; durable after sync_folder() of its folder.
  virtual Status rename(const Path& from, const Path& to) = 0;
  /// Makes a second name for a file; conflict when the name is taken. Atomic.
  virtual Status link(const Path& from, const Path& to) = 0;
  virtual Status remove(const Path& path) = 0;
  virtual Status remove_all(const Path& path) = 0;
  /// When it returns, names created, renamed or removed in the folder before are on the disk.
  virtual Status sync_folder(const Path& path) = 0;
  virtual Result<uint64_t> free_bytes(const Path& path) = 0;
  /// conflict when another process holds it; the message then carries what that process wrote into the file.
  virtual Result<std::unique_ptr<FileLock>> lock(const Path& path, std::string_view owner) = 0;

  Result<std::string> read_file(const Path& path);
  /// The file has the old bytes or the new ones, whatever happens; durable when it returns.
  Status write_atomically(const Path& path, std::string_view bytes);
  /// As write_atomically, but conflict when the file exists already: one of many writers wins.
  Status create_atomically(const Path& path, std::string_view bytes);
};

/// The machine's files; lives for ever.
FileSystem& local_file_system();

}  // namespace anabranch::io
