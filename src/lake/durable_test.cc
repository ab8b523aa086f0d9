// Many objects made durable together.
#include "lake/durable.h"

#include <map>

#include <gtest/gtest.h>

#include "base/mutex.h"

namespace anabranch::lake {
namespace {

// Notes how often each object is made durable; some cannot be.
class NotingStore final : public ObjectStore {
 public:
  Status put_if_absent(const std::string&, std::string_view) override { return {}; }
  Result<std::string> get(const std::string&) override { return std::string(); }
  Result<std::vector<ObjectInfo>> list(const std::string&) override { return std::vector<ObjectInfo>(); }
  Status remove(const std::string&) override { return {}; }
  Result<std::unique_ptr<io::ObjectReader>> open(const std::string& key) override {
    return fail(Code::not_found, key);
  }
  Result<std::unique_ptr<io::ObjectWriter>> create(const std::string& key) override {
    return fail(Code::io, key);
  }
  Result<int64_t> make_durable(const std::string& key) override {
    Lock lock(mutex_);
    ++times_[key];
    if (key.starts_with("bad")) return fail(Code::io, key);
    return 1;
  }
  std::map<std::string, int> times() {
    Lock lock(mutex_);
    return times_;
  }

 private:
  Mutex mutex_;
  std::map<std::string, int> times_ GUARDED_BY(mutex_);
};

TEST(Durable, EachObjectOnce) {
  NotingStore store;
  std::vector<std::string> keys;
  std::map<std::string, int> expected;
  for (int i = 0; i < 100; ++i) {
    keys.push_back("states");
    keys.push_back("rows/" + std::to_string(i));
    expected[keys.back()] = 1;
  }
  expected["states"] = 1;
  EXPECT_TRUE(make_all_durable(store, keys));
  EXPECT_EQ(store.times(), expected);
  EXPECT_TRUE(make_all_durable(store, {})) << "nothing is durable at once";
}

TEST(Durable, AllAreTriedAndTheFirstFailureIsTold) {
  NotingStore store;
  std::vector<std::string> keys = {"bad2", "a", "bad1", "z"};
  for (int i = 0; i < 40; ++i) keys.push_back("many/" + std::to_string(i));
  const Status made = make_all_durable(store, keys);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "bad1");
  EXPECT_EQ(store.times().size(), keys.size());
}

}  // namespace
}  // namespace anabranch::lake
