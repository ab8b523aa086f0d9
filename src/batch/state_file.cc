#include "batch/state_file.h"

#include <fmt/format.h>

#include "io/random.h"

namespace anabranch::batch {

StateFile::StateFile(io::Path target) : target_(std::move(target)), path_(target_) {
  if (target_.native().find('?') == std::string::npos) return;
  path_ = std::filesystem::temp_directory_path() / fmt::format("anabranch-{:016x}.duckdb", io::random_u64());
}

StateFile::~StateFile() {
  if (path_ == target_) return;
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
  std::filesystem::remove(path_.native() + ".wal", ignored);
}

Status StateFile::move_into_place() {
  if (path_ == target_) return {};
  std::error_code error;
  std::filesystem::copy_file(path_, target_, error);  // it may be another disk
  if (!error) return {};
  std::error_code ignored;
  std::filesystem::remove(target_, ignored);
  return fail(error == std::errc::no_space_on_device ? Code::disk_full : Code::io,
              fmt::format("cannot write {}: {}", target_.string(), error.message()));
}

}  // namespace anabranch::batch
