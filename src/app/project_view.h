#pragma once

#include "app/project_snapshots.h"
#include "io/file_system.h"

namespace anabranch::app {

/// A project's folder as it was when its files were read: those come from memory, everything else (data that
/// sources name) from where it lies. Read only. One thread.
class ProjectView final : public io::FileSystem {
 public:
  /// All outlive it.
  ProjectView(io::FileSystem& files, const io::Path& root, const ProjectTexts& texts)
      : files_(files), root_(root.lexically_normal()), texts_(texts) {}

  Result<std::unique_ptr<io::File>> open(const io::Path& path, Open mode) override;
  Result<std::vector<io::FolderEntry>> list(const io::Path& path) override;
  Result<bool> exists(const io::Path& path) override;
  Result<uint64_t> free_bytes(const io::Path& path) override { return files_.free_bytes(path); }

  Status create_folders(const io::Path& path) override { return refuse(path); }
  Status rename(const io::Path& from, const io::Path&) override { return refuse(from); }
  Status link(const io::Path& from, const io::Path&) override { return refuse(from); }
  Status remove(const io::Path& path) override { return refuse(path); }
  Status remove_all(const io::Path& path) override { return refuse(path); }
  Status sync_folder(const io::Path& path) override { return refuse(path); }
  Result<std::unique_ptr<io::FileLock>> lock(const io::Path& path, std::string_view owner) override;

 private:
  static Status refuse(const io::Path& path);
  /// "models/gold" of what is in a folder of the project's texts; nothing elsewhere.
  std::optional<std::string> inside(const io::Path& path) const;

  io::FileSystem& files_;
  const io::Path root_;
  const ProjectTexts& texts_;
};

}  // namespace anabranch::app
