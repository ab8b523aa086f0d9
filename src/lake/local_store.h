#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "io/file_system.h"
#include "lake/object_store.h"

namespace anabranch::lake {

/// Objects as files below a folder (the data folder); key and relative path are the same. The embedded
/// default of the slot "lake". A crash may leave files that end in ".tmp": never listed, safe to delete when
/// no program runs.
class LocalStore final : public ObjectStore {
 public:
  /// The folder is created when something is first put into it.
  LocalStore(io::FileSystem& files, io::Path folder) : files_(files), folder_(std::move(folder)) {}

  Status put_if_absent(const std::string& key, std::string_view bytes) override;
  Result<std::string> get(const std::string& key) override;
  Result<std::unique_ptr<io::ObjectReader>> open(const std::string& key) override;
  Result<std::unique_ptr<io::ObjectWriter>> create(const std::string& key) override EXCLUDES(mutex_);
  Status adopt(const std::string& key, const io::Path& file) override EXCLUDES(mutex_);
  std::optional<io::Path> file_of(const std::string& key) const override { return folder_ / key; }
  Result<std::vector<ObjectInfo>> list(const std::string& prefix) override;
  Status remove(const std::string& key) override;
  void forget(const std::string& prefix) override EXCLUDES(mutex_);
  Result<int64_t> make_durable(const std::string& key) override;

 private:
  /// Makes the folder of an object that is about to be written, durably.
  Status prepare(const std::string& key) EXCLUDES(mutex_);
  Status list_below(const std::string& key, const std::string& prefix, std::vector<ObjectInfo>& objects);

  io::FileSystem& files_;
  const io::Path folder_;
  Mutex mutex_;
  std::set<io::Path> durable_folders_ GUARDED_BY(mutex_);  // their names are on the disk
};

}  // namespace anabranch::lake
