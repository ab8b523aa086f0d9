#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"

namespace anabranch::http {

/// Threads for handlers that block. Owner: Server. Any thread may submit.
class WorkerPool {
 public:
  using Job = std::move_only_function<void()>;

  WorkerPool(int threads, size_t queue_capacity);
  ~WorkerPool();  // stop()

  /// False when the queue is full or the pool stopped; the job is then untouched.
  bool submit(Job& job) { return queue_.try_push(job); }
  /// Destroys the jobs that have not begun, waits for those that run. Not from a worker.
  void stop();

 private:
  void run();

  BoundedQueue<Job> queue_;
  std::atomic<bool> abandoned_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace anabranch::http
