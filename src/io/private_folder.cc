#include "io/private_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

namespace anabranch::io {

Result<PrivateFolder> PrivateFolder::create() {
  std::error_code error;
  const Path parent = std::filesystem::temp_directory_path(error);
  if (error)
    return fail(Code::io, fmt::format("there is no folder for temporary files: {}", error.message()));
  std::string name = (parent / "anabranch-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    return fail(errno == ENOSPC ? Code::disk_full : Code::io,
                fmt::format("cannot make a folder in {}: {}", parent.string(), std::strerror(errno)));
  }
  return PrivateFolder(name);
}

PrivateFolder::PrivateFolder(PrivateFolder&& other) noexcept : path_(std::exchange(other.path_, Path{})) {}

PrivateFolder::~PrivateFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void keep_files_private() { ::umask(S_IRWXG | S_IRWXO); }

Status make_private(const Path& folder) {
  if (::chmod(folder.c_str(), S_IRWXU) == 0) return {};
  return fail(Code::io,
              fmt::format("cannot keep others out of {}: {}", folder.string(), std::strerror(errno)),
              "check who owns the folder");
}

Result<bool> may_others_read(const Path& file) {
  struct stat found = {};
  if (::stat(file.c_str(), &found) == 0) return (found.st_mode & (S_IRGRP | S_IROTH)) != 0;
  return fail(errno == ENOENT ? Code::not_found : Code::io,
              fmt::format("cannot look at {}: {}", file.string(), std::strerror(errno)));
}

}  // namespace anabranch::io
