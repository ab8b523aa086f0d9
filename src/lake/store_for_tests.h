#pragma once
// A lake whose answers get lost, and a clock that stands. Included by tests only.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "io/clock.h"
#include "lake/object_store.h"

namespace anabranch::lake {

/// Does what the store below does, but for puts that a test wants to go wrong. One thread.
class TroubledStore final : public ObjectStore {
 public:
  explicit TroubledStore(ObjectStore& real) : real_(real) {}

  enum class Trouble {
    answer_lost,    // it lands; unknown_outcome
    request_lost,   // it never lands; unknown_outcome
    arrives_later,  // unknown_outcome; it lands just before the next put
  };
  /// The next put has this trouble.
  void trouble(Trouble trouble) { trouble_ = trouble; }
  /// Runs once, just before the next put.
  void before_put(std::function<void()> action) { before_put_ = std::move(action); }
  int puts() const { return puts_; }

  Status put_if_absent(const std::string& key, std::string_view bytes) override {
    ++puts_;
    if (auto late = std::exchange(late_, std::nullopt)) (void)real_.put_if_absent(late->first, late->second);
    if (auto action = std::exchange(before_put_, nullptr)) action();
    const auto trouble = std::exchange(trouble_, std::nullopt);
    if (!trouble) return real_.put_if_absent(key, bytes);
    if (*trouble == Trouble::answer_lost) (void)real_.put_if_absent(key, bytes);
    if (*trouble == Trouble::arrives_later) late_.emplace(key, bytes);
    return fail(Code::unknown_outcome, "the connection broke");
  }
  Result<std::string> get(const std::string& key) override { return real_.get(key); }
  Result<std::vector<ObjectInfo>> list(const std::string& prefix) override { return real_.list(prefix); }
  Status remove(const std::string& key) override { return real_.remove(key); }
  Result<std::unique_ptr<io::ObjectReader>> open(const std::string& key) override { return real_.open(key); }
  Result<std::unique_ptr<io::ObjectWriter>> create(const std::string& key) override {
    return real_.create(key);
  }
  std::optional<io::Path> file_of(const std::string& key) const override { return real_.file_of(key); }
  void forget(const std::string& prefix) override { real_.forget(prefix); }
  Result<int64_t> make_durable(const std::string& key) override { return real_.make_durable(key); }

 private:
  ObjectStore& real_;
  std::optional<Trouble> trouble_;
  std::function<void()> before_put_;
  std::optional<std::pair<std::string, std::string>> late_;
  int puts_ = 0;
};

class FixedClock final : public io::Clock {
 public:
  io::TimeUs now_us() override { return now; }
  int64_t monotonic_us() override { return now; }
  io::TimeUs now = 1'700'000'000'000'000;
};

}  // namespace anabranch::lake
