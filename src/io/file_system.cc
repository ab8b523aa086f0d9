#include "io/file_system.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "io/random.h"

namespace anabranch::io {
namespace {

std::unexpected<Error> fail_errno(std::string_view doing, const Path& path, int error) {
  Code code = Code::io;
  std::string hint;
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:  // nothing is there, however one goes on
      code = Code::not_found;
      break;
    case EEXIST:
      code = Code::conflict;
      break;
    case ENOSPC:
    case EDQUOT:
      code = Code::disk_full;
      hint = "free some space on this disk and try again";
      break;
    case EROFS:
    case EACCES:
    case EPERM:
      hint = "check who owns the folder and that it is not mounted read-only";
      break;
    case EMFILE:
    case ENFILE:
      hint = "raise the limit of open files (ulimit -n)";
      break;
    default:
      break;
  }
  return fail(code, fmt::format("cannot {} {}: {}", doing, path.string(), std::strerror(error)), hint);
}

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

class LocalFile final : public File {
 public:
  LocalFile(int fd, Path path) : fd_(fd), path_(std::move(path)) {}
  ~LocalFile() override { ::close(fd_); }

  Status append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return fail_errno("write", path_, errno);
      }
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return {};
  }

  Result<std::string> read_at(uint64_t position, size_t size) const override {
    std::string bytes(size, '\0');
    size_t filled = 0;
    while (filled < size) {
      const ssize_t got =
          ::pread(fd_, bytes.data() + filled, size - filled, static_cast<off_t>(position + filled));
      if (got < 0) {
        if (errno == EINTR) continue;
        return fail_errno("read", path_, errno);
      }
      if (got == 0) break;
      filled += static_cast<size_t>(got);
    }
    bytes.resize(filled);
    return bytes;
  }

  Status sync() override {
    if (::fdatasync(fd_) != 0) return fail_errno("sync", path_, errno);
    return {};
  }

  Result<uint64_t> size() const override {
    struct stat info{};
    if (::fstat(fd_, &info) != 0) return fail_errno("stat", path_, errno);
    return static_cast<uint64_t>(info.st_size);
  }

  Status truncate(uint64_t size) override {
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) return fail_errno("truncate", path_, errno);
    return {};
  }

 private:
  const int fd_;
  const Path path_;
};

class LocalLock final : public FileLock {
 public:
  explicit LocalLock(int fd) : fd_(fd) {}
  ~LocalLock() override { ::close(fd_); }

 private:
  const int fd_;
};

class LocalFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const Path& path, Open mode) override {
    int flags = O_CLOEXEC;
    switch (mode) {
      case Open::read:
        flags |= O_RDONLY;
        break;
      case Open::append:
        flags |= O_RDWR | O_APPEND | O_CREAT;
        break;
      case Open::create_new:
        flags |= O_RDWR | O_APPEND | O_CREAT | O_EXCL;
        break;
    }
    // Without waiting: a pipe that nobody writes to would never open.
    const int fd = ::open(path.c_str(), flags | O_NONBLOCK, 0644);
    if (fd < 0) return fail_errno("open", path, errno);
    auto file = std::make_unique<LocalFile>(fd, path);
    struct stat info{};
    if (::fstat(fd, &info) != 0) return fail_errno("stat", path, errno);
    if (!S_ISREG(info.st_mode))
      return fail(Code::bad_input, fmt::format("{} is {}, no file", path.string(), kind_of(info.st_mode)));
    return file;
  }

  Status create_folders(const Path& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return fail_errno("create the folder", path, error.value());
    return {};
  }

  Result<std::vector<FolderEntry>> list(const Path& path) override {
    std::error_code error;
    std::vector<FolderEntry> entries;
    for (std::filesystem::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
      std::error_code ignored;  // an entry that vanished meanwhile has no size
      const bool is_folder = it->is_directory(ignored);
      const auto size = is_folder ? 0 : it->file_size(ignored);
      entries.push_back({it->path().filename().string(), is_folder, ignored ? 0 : size});
    }
    if (error) return fail_errno("list", path, error.value());
    std::sort(entries.begin(), entries.end(), [](auto& a, auto& b) { return a.name < b.name; });
    return entries;
  }

  Result<bool> exists(const Path& path) override {
    std::error_code error;
    const bool is_there = std::filesystem::exists(path, error);
    if (error) return fail_errno("look for", path, error.value());
    return is_there;
  }

  Status rename(const Path& from, const Path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno("rename", from, errno);
    return {};
  }

  Status link(const Path& from, const Path& to) override {
    if (::link(from.c_str(), to.c_str()) != 0) return fail_errno("create", to, errno);
    return {};
  }

  Status remove(const Path& path) override {
    if (::unlink(path.c_str()) != 0) return fail_errno("remove", path, errno);
    return {};
  }

  Status remove_all(const Path& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return fail_errno("remove", path, error.value());
    return {};
  }

  Status sync_folder(const Path& path) override {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return fail_errno("open", path, errno);
    const int outcome = ::fsync(fd);
    const int error = errno;
    ::close(fd);
    if (outcome != 0) return fail_errno("sync", path, error);
    return {};
  }

  Result<uint64_t> free_bytes(const Path& path) override {
    struct statvfs info{};
    if (::statvfs(path.c_str(), &info) != 0) return fail_errno("ask for free space of", path, errno);
    return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
  }

  Result<std::unique_ptr<FileLock>> lock(const Path& path, std::string_view owner) override {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return fail_errno("open", path, errno);
    auto held = std::make_unique<LocalLock>(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      char text[256];
      const ssize_t size = ::pread(fd, text, sizeof(text), 0);
      // Empty for the moment between the lock and the owner's words.
      return fail(Code::conflict,
                  size > 0 ? std::string(text, static_cast<size_t>(size)) : "another program is opening it");
    }
    // The words are for others only: on a full disk they may be missing. Cut last, so that they have the
    // place of those before.
    const bool is_written = ::pwrite(fd, owner.data(), owner.size(), 0) >= 0 || errno == ENOSPC;
    if (!is_written || ::ftruncate(fd, static_cast<off_t>(owner.size())) != 0)
      return fail_errno("write", path, errno);
    return held;
  }
};

}  // namespace

Result<std::string> FileSystem::read_file(const Path& path) {
  auto file = TRY(open(path, Open::read));
  const uint64_t size = TRY(file->size());
  return file->read_at(0, size);
}

namespace {

// A new file beside the target, written and synced.
Result<Path> write_beside(FileSystem& files, const Path& path, std::string_view bytes) {
  Path temporary = path;
  temporary += fmt::format(".{:016x}.tmp", random_u64());
  auto file = TRY(files.open(temporary, FileSystem::Open::create_new));
  Status written = file->append(bytes);
  if (written) written = file->sync();
  if (!written) {
    (void)files.remove(temporary);
    return fail(std::move(written).error());
  }
  return temporary;
}

}  // namespace

Status FileSystem::write_atomically(const Path& path, std::string_view bytes) {
  const Path temporary = TRY(write_beside(*this, path, bytes));
  if (Status renamed = rename(temporary, path); !renamed) {
    (void)remove(temporary);
    return renamed;
  }
  return sync_folder(path.parent_path());
}

Status FileSystem::create_atomically(const Path& path, std::string_view bytes) {
  const Path temporary = TRY(write_beside(*this, path, bytes));
  const Status linked = link(temporary, path);
  (void)remove(temporary);
  if (!linked) return linked;
  return sync_folder(path.parent_path());
}

FileSystem& local_file_system() {
  static LocalFileSystem files;
  return files;
}

}  // namespace anabranch::io
