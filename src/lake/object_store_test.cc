// The second adapter of the contract: what it asks must not depend on keys being paths.
#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "io/file_system.h"
#include "lake/object_store_contract.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::lake {
namespace {

// Every object is a file of one flat folder, called by the hash of its key; beside it lies the key. As stores
// do that know no folders.
class HashedStore final : public ObjectStore {
 public:
  explicit HashedStore(io::Path folder) : folder_(std::move(folder)) {
    files_.create_folders(folder_).value();
  }

  Status put_if_absent(const std::string& key, std::string_view bytes) override {
    TRY(prepare(key));
    return files_.create_atomically(path_of(key), bytes);
  }
  Result<std::string> get(const std::string& key) override {
    TRY(check_key(key));
    return files_.read_file(path_of(key));
  }
  Result<std::vector<ObjectInfo>> list(const std::string& prefix) override {
    std::vector<ObjectInfo> found;
    const auto entries = TRY(files_.list(folder_));
    for (const auto& entry : entries) {
      if (!entry.name.ends_with(key_ending)) continue;
      const std::string key = TRY(files_.read_file(folder_ / entry.name));
      const auto object = files_.open(path_of(key), io::FileSystem::Open::read);
      if (key.starts_with(prefix) && object)
        found.push_back({key, static_cast<int64_t>(TRY((*object)->size()))});
    }
    std::ranges::sort(found, {}, &ObjectInfo::key);
    return found;
  }
  Status remove(const std::string& key) override {
    TRY(check_key(key));
    const Status removed = files_.remove(path_of(key));
    if (!removed && removed.error().code != Code::not_found) return removed;
    return files_.sync_folder(folder_);
  }
  std::string local_path(const std::string& key) const override { return path_of(key).string(); }
  Status prepare(const std::string& key) override {
    TRY(check_key(key));
    const Status named = files_.create_atomically(path_of(key).string() + key_ending, key);
    return named || named.error().code == Code::conflict ? Status{} : named;
  }
  Result<int64_t> make_durable(const std::string& key) override {
    TRY(check_key(key));
    const auto file = TRY(files_.open(path_of(key), io::FileSystem::Open::read));
    TRY(file->sync());
    TRY(files_.sync_folder(folder_));
    return static_cast<int64_t>(TRY(file->size()));
  }

 private:
  static constexpr const char* key_ending = ".key";
  io::Path path_of(const std::string& key) const { return folder_ / fmt::format("{:016x}", fnv1a(key)); }

  io::FileSystem& files_ = io::local_file_system();
  const io::Path folder_;
};

TEST(ObjectStoreTest, AStoreWithoutFoldersKeepsTheContract) {
  const test::TemporaryFolder folder;
  HashedStore store(folder / "objects");
  const auto database = sql::Database::open({}).value();
  auto session = database->connect().value();
  check_object_store_contract(store, session);
}

}  // namespace
}  // namespace anabranch::lake
