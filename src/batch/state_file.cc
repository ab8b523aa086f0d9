#include "batch/state_file.h"

#include "io/file_copy.h"

namespace anabranch::batch {

StateFile::StateFile(io::Path target) : target_(std::move(target)), path_(target_) {}

Status StateFile::choose_place() {
  folder_.emplace(TRY(sql::DatabaseFolder::in(target_.parent_path())));
  path_ = folder_->path() / target_.filename();
  return {};
}

Status StateFile::move_into_place() {
  if (path_ == target_) return {};
  return io::copy_file(io::local_file_system(), path_, target_);  // it may be another disk
}

}  // namespace anabranch::batch
