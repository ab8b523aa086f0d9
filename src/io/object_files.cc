#include "io/object_files.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace anabranch::io {
namespace {

std::unexpected<Error> fail_errno(std::string_view doing, const Path& path, int error) {
  const Code code = error == ENOENT || error == ENOTDIR ? Code::not_found : Code::io;
  return fail(code, fmt::format("cannot {} {}: {}", doing, path.string(), std::strerror(error)),
              error == EMFILE || error == ENFILE ? "raise the limit of open files (ulimit -n)" : "");
}

class LocalObject final : public ObjectReader {
 public:
  LocalObject(int fd, Path path) : fd_(fd), path_(std::move(path)) {}
  ~LocalObject() override { ::close(fd_); }
  LocalObject(const LocalObject&) = delete;
  LocalObject& operator=(const LocalObject&) = delete;

  Status look() {
    struct stat found = {};
    if (::fstat(fd_, &found) != 0) return fail_errno("open", path_, errno);
    if (!S_ISREG(found.st_mode)) return fail(Code::io, fmt::format("{} is no file", path_.string()));
    size_ = static_cast<uint64_t>(found.st_size);
    version_ =
        fmt::format("{}-{}-{}.{:09}", size_, found.st_ino, found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
    return {};
  }

  uint64_t size() const override { return size_; }
  std::string version() const override { return version_; }
  bool is_near() const override { return true; }
  Status read(uint64_t position, std::span<char> into) const override {
    while (!into.empty()) {
      const ssize_t got = ::pread(fd_, into.data(), into.size(), static_cast<off_t>(position));
      if (got < 0) {
        if (errno == EINTR) continue;
        return fail_errno("read", path_, errno);
      }
      if (got == 0)
        return fail(Code::corrupt,
                    fmt::format("{} ends before byte {}", path_.string(), position + into.size()));
      position += static_cast<uint64_t>(got);
      into = into.subspan(static_cast<size_t>(got));
    }
    return {};
  }

 private:
  const int fd_;
  const Path path_;
  uint64_t size_ = 0;
  std::string version_;
};

}  // namespace

Result<std::unique_ptr<ObjectReader>> open_object_file(const Path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail_errno("open", path, errno);
  auto object = std::make_unique<LocalObject>(fd, path);
  TRY(object->look());
  return object;
}

}  // namespace anabranch::io
