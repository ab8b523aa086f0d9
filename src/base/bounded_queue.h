#pragma once

#include <condition_variable>
#include <deque>
#include <optional>
#include <utility>

#include "base/mutex.h"

namespace anabranch {

/// A first-in, first-out queue with a bound, so that a fast producer feels a slow consumer.
/// Any number of threads may push and pop. After close(), pushes are refused and pops drain what is left.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) {}

  /// False when the queue is full or closed; the item is then untouched.
  bool try_push(T& item) {
    Lock lock(mutex_);
    if (closed_ || items_.size() >= capacity_) return false;
    items_.push_back(std::move(item));
    not_empty_.notify_one();
    return true;
  }

  /// Waits for an item; nothing when the queue is closed and empty.
  std::optional<T> pop() {
    Lock lock(mutex_);
    while (items_.empty() && !closed_) lock.wait(not_empty_);
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }

  void close() {
    Lock lock(mutex_);
    closed_ = true;
    not_empty_.notify_all();
  }

  size_t size() {
    Lock lock(mutex_);
    return items_.size();
  }

 private:
  const size_t capacity_;
  Mutex mutex_;
  std::condition_variable not_empty_;
  std::deque<T> items_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace anabranch
