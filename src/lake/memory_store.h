#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "lake/object_store.h"

namespace anabranch::lake {

/// Objects in memory, which end with it: durable is what lives as long as this. No target can choose it; it
/// shows what a store that is no folder asks of everybody else.
class MemoryStore final : public ObjectStore {
 public:
  Status put_if_absent(const std::string& key, std::string_view bytes) override EXCLUDES(mutex_);
  Result<std::string> get(const std::string& key) override EXCLUDES(mutex_);
  Result<std::unique_ptr<io::ObjectReader>> open(const std::string& key) override EXCLUDES(mutex_);
  Result<std::unique_ptr<io::ObjectWriter>> create(const std::string& key) override;
  Result<std::vector<ObjectInfo>> list(const std::string& prefix) override EXCLUDES(mutex_);
  Status remove(const std::string& key) override EXCLUDES(mutex_);
  Result<int64_t> make_durable(const std::string& key) override EXCLUDES(mutex_);

 private:
  class Writer;
  struct Object {
    std::shared_ptr<const std::string> bytes;
    uint64_t version = 0;
  };
  Result<Object> find(const std::string& key) EXCLUDES(mutex_);
  void put(const std::string& key, std::string bytes) EXCLUDES(mutex_);

  Mutex mutex_;
  std::map<std::string, Object> objects_ GUARDED_BY(mutex_);
  uint64_t versions_ GUARDED_BY(mutex_) = 0;
};

}  // namespace anabranch::lake
