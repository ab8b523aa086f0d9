#include "http/worker_pool.h"

namespace anabranch::http {

WorkerPool::WorkerPool(int threads, size_t queue_capacity) : queue_(queue_capacity) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

WorkerPool::~WorkerPool() { stop(); }

void WorkerPool::stop() {
  abandoned_ = true;
  queue_.close();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void WorkerPool::run() {
  while (auto job = queue_.pop()) {
    if (!abandoned_) (*job)();
  }
}

}  // namespace anabranch::http
