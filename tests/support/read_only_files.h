#pragma once
// Files that may only be read, and segments of a log only as far as somebody says: a test fails at once where
// more is asked of them.

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "io/file_system.h"
#include "log/segment.h"

namespace anabranch::test {

/// The files of a real file system. Any thread may call.
class ReadOnlyFiles final : public io::FileSystem {
 public:
  /// `position_max` says how far the partition in a folder may be read: a place in the partition.
  ReadOnlyFiles(io::FileSystem& real, std::function<uint64_t(const io::Path& partition)> position_max)
      : real_(real), position_max_(std::move(position_max)) {}

  Result<std::unique_ptr<io::File>> open(const io::Path& path, Open mode) override {
    if (mode != Open::read) return refuse("open for writing", path);
    auto file = TRY(real_.open(path, mode));
    if (path.extension() != ".log") return file;
    const std::string head = TRY(file->read_at(0, log::segment_header_bytes));
    const auto header = log::parse_segment_header(head);
    const uint64_t start = header ? header->start_position : 0;
    const uint64_t limit = position_max_(path.parent_path());
    return std::make_unique<Segment>(std::move(file), limit > start ? limit - start : 0);
  }
  Result<std::vector<io::FolderEntry>> list(const io::Path& path) override { return real_.list(path); }
  Result<bool> exists(const io::Path& path) override { return real_.exists(path); }
  Result<uint64_t> free_bytes(const io::Path& path) override { return real_.free_bytes(path); }
  Status create_folders(const io::Path& path) override { return refuse("create", path); }
  Status rename(const io::Path& from, const io::Path&) override { return refuse("rename", from); }
  Status link(const io::Path& from, const io::Path&) override { return refuse("link", from); }
  Status remove(const io::Path& path) override { return refuse("remove", path); }
  Status remove_all(const io::Path& path) override { return refuse("remove", path); }
  Status sync_folder(const io::Path& path) override { return refuse("sync", path); }
  Result<std::unique_ptr<io::FileLock>> lock(const io::Path& path, std::string_view) override {
    return refuse("lock", path);
  }

 private:
  class Segment final : public io::File {
   public:
    Segment(std::unique_ptr<io::File> real, uint64_t end) : real_(std::move(real)), end_(end) {}
    Result<std::string> read_at(uint64_t position, size_t size) const override {
      EXPECT_LE(position + size, std::max<uint64_t>(end_, log::segment_header_bytes))
          << "more is read than was told";
      return real_->read_at(position, size);
    }
    Result<uint64_t> size() const override { return real_->size(); }
    Status append(std::string_view) override { return fail(Code::refused, "read only"); }
    Status sync() override { return fail(Code::refused, "read only"); }
    Status truncate(uint64_t) override { return fail(Code::refused, "read only"); }

   private:
    const std::unique_ptr<io::File> real_;
    const uint64_t end_;  // in the file
  };

  static std::unexpected<Error> refuse(const char* doing, const io::Path& path) {
    ADD_FAILURE() << "a reader wants to " << doing << " " << path;
    return fail(Code::refused, "read only");
  }

  io::FileSystem& real_;
  const std::function<uint64_t(const io::Path& partition)> position_max_;
};

}  // namespace anabranch::test
