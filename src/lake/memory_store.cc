#include "lake/memory_store.h"

#include <algorithm>

#include <fmt/format.h>

namespace anabranch::lake {
namespace {

class Reader final : public io::ObjectReader {
 public:
  Reader(std::string key, std::shared_ptr<const std::string> bytes, uint64_t version)
      : key_(std::move(key)), bytes_(std::move(bytes)), version_(version) {}

  uint64_t size() const override { return bytes_->size(); }
  std::string version() const override { return std::to_string(version_); }
  bool is_near() const override { return true; }
  Status read(uint64_t position, std::span<char> into) const override {
    if (position > bytes_->size() || into.size() > bytes_->size() - position)
      return fail(Code::corrupt, fmt::format("{} ends before byte {}", key_, position + into.size()));
    std::copy_n(bytes_->data() + position, into.size(), into.data());
    return {};
  }

 private:
  const std::string key_;
  const std::shared_ptr<const std::string> bytes_;
  const uint64_t version_;
};

}  // namespace

class MemoryStore::Writer final : public io::ObjectWriter {
 public:
  Writer(MemoryStore& store, std::string key) : store_(store), key_(std::move(key)) {}
  Status append(std::string_view bytes) override {
    bytes_ += bytes;
    return {};
  }
  Status finish() override {
    store_.put(key_, std::move(bytes_));
    return {};
  }

 private:
  MemoryStore& store_;
  const std::string key_;
  std::string bytes_;
};

Status MemoryStore::put_if_absent(const std::string& key, std::string_view bytes) {
  TRY(check_key(key));
  Lock lock(mutex_);
  if (objects_.contains(key)) return fail(Code::conflict, fmt::format("{} is there already", key));
  objects_[key] = {std::make_shared<const std::string>(bytes), ++versions_};
  return {};
}

void MemoryStore::put(const std::string& key, std::string bytes) {
  Lock lock(mutex_);
  objects_[key] = {std::make_shared<const std::string>(std::move(bytes)), ++versions_};
}

Result<MemoryStore::Object> MemoryStore::find(const std::string& key) {
  TRY(check_key(key));
  Lock lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return fail(Code::not_found, fmt::format("there is no object {}", key));
  return found->second;
}

Result<std::string> MemoryStore::get(const std::string& key) { return *TRY(find(key)).bytes; }

Result<std::unique_ptr<io::ObjectReader>> MemoryStore::open(const std::string& key) {
  const Object object = TRY(find(key));
  return std::make_unique<Reader>(key, object.bytes, object.version);
}

Result<std::unique_ptr<io::ObjectWriter>> MemoryStore::create(const std::string& key) {
  TRY(check_key(key));
  return std::make_unique<Writer>(*this, key);
}

Result<std::vector<ObjectInfo>> MemoryStore::list(const std::string& prefix) {
  Lock lock(mutex_);
  std::vector<ObjectInfo> found;
  for (auto object = objects_.lower_bound(prefix); object != objects_.end(); ++object) {
    if (!object->first.starts_with(prefix)) break;
    found.push_back({object->first, static_cast<int64_t>(object->second.bytes->size())});
  }
  return found;
}

Status MemoryStore::remove(const std::string& key) {
  TRY(check_key(key));
  Lock lock(mutex_);
  objects_.erase(key);
  return {};
}

Result<int64_t> MemoryStore::make_durable(const std::string& key) {
  return static_cast<int64_t>(TRY(find(key)).bytes->size());
}

}  // namespace anabranch::lake
