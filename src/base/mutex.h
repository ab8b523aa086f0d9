#pragma once
// A mutex whose guarded fields Clang's thread-safety analysis can check. GCC sees plain std::mutex.

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define ANABRANCH_THREAD(attribute) __attribute__((attribute))
#else
#define ANABRANCH_THREAD(attribute)
#endif

#define GUARDED_BY(mutex) ANABRANCH_THREAD(guarded_by(mutex))
#define REQUIRES(mutex) ANABRANCH_THREAD(requires_capability(mutex))
#define EXCLUDES(mutex) ANABRANCH_THREAD(locks_excluded(mutex))

namespace anabranch {

class ANABRANCH_THREAD(capability("mutex")) Mutex {
 public:
  void lock() ANABRANCH_THREAD(acquire_capability()) { mutex_.lock(); }
  void unlock() ANABRANCH_THREAD(release_capability()) { mutex_.unlock(); }
  std::mutex& native() { return mutex_; }

 private:
  std::mutex mutex_;
};

/// Holds a Mutex for its own lifetime.
class ANABRANCH_THREAD(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) ANABRANCH_THREAD(acquire_capability(mutex)) : lock_(mutex.native()) {}
  ~Lock() ANABRANCH_THREAD(release_capability()) = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  /// Waits on a condition; the mutex is held again when it returns.
  void wait(std::condition_variable& condition) { condition.wait(lock_); }
  template <typename Duration>
  std::cv_status wait_for(std::condition_variable& condition, Duration duration) {
    return condition.wait_for(lock_, duration);
  }
  void unlock() ANABRANCH_THREAD(release_capability()) { lock_.unlock(); }
  void lock() ANABRANCH_THREAD(acquire_capability()) { lock_.lock(); }

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace anabranch
