#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace anabranch::http {

/// How many bytes of request bodies may be in memory at once, over all connections. Any thread may call.
class BodyBudget {
 public:
  explicit BodyBudget(size_t limit) : limit_(limit) {}
  bool reserve(size_t bytes) {
    if (used_.fetch_add(bytes) + bytes <= limit_) return true;
    used_.fetch_sub(bytes);
    return false;
  }
  void release(size_t bytes) { used_.fetch_sub(bytes); }
  size_t used() const { return used_.load(); }

 private:
  const size_t limit_;
  std::atomic<size_t> used_ = 0;
};

/// One body's share of the budget, given back when it goes.
class BodyLease {
 public:
  BodyLease() = default;
  explicit BodyLease(std::shared_ptr<BodyBudget> budget) : budget_(std::move(budget)) {}
  BodyLease(BodyLease&& other) noexcept
      : budget_(std::move(other.budget_)), bytes_(std::exchange(other.bytes_, 0)) {}
  BodyLease& operator=(BodyLease&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~BodyLease() { give_back(); }
  void give_back() {
    if (bytes_ > 0) budget_->release(std::exchange(bytes_, 0));
  }

  /// False when the budget has not that much left; the lease then stays as it was.
  bool grow_to(size_t bytes) {
    if (bytes <= bytes_) return true;
    if (!budget_->reserve(bytes - bytes_)) return false;
    bytes_ = bytes;
    return true;
  }
  size_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<BodyBudget> budget_;
  size_t bytes_ = 0;
};

}  // namespace anabranch::http
