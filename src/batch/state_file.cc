#include "batch/state_file.h"

#include <fmt/format.h>

namespace anabranch::batch {

StateFile::StateFile(io::Path target) : target_(std::move(target)), path_(target_) {}

Status StateFile::choose_place() {
  folder_.emplace(TRY(sql::DatabaseFolder::in(target_.parent_path())));
  path_ = folder_->path() / target_.filename();
  return {};
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
