#include "http/event_loop.h"

#include <optional>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include "base/mutex.h"

namespace anabranch::http {

namespace asio = boost::asio;

struct EventLoop::Impl {
  asio::io_context context{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> guard{context.get_executor()};
  asio::steady_timer timer{context};
  std::chrono::milliseconds interval{};
  std::function<void()> periodic;
  bool finishing = false;  // the loop's thread only
  Mutex mutex;
  bool ended GUARDED_BY(mutex) = false;
  std::thread thread;

  void tick() {
    timer.expires_after(interval);
    timer.async_wait([this](const boost::system::error_code& error) {
      if (error || finishing) return;
      periodic();
      tick();
    });
  }

  // One connection that runs out of memory must not end all others: it meets its deadline.
  void run_until_nothing_is_left() {
    while (true) {
      try {
        context.run();
        return;
      } catch (const std::exception& exception) {
        spdlog::error("a connection failed: {}", exception.what());
      }
    }
  }

  void run() {
    run_until_nothing_is_left();
    {
      Lock lock(mutex);
      ended = true;
    }
    // What was posted in the meantime still runs; nothing may stay behind in the queue, since a job there
    // could keep this loop itself alive.
    context.restart();
    context.poll();
  }
};

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}

EventLoop::~EventLoop() { finish(); }

void EventLoop::every(std::chrono::milliseconds interval, std::function<void()> job) {
  impl_->interval = interval;
  impl_->periodic = std::move(job);
  impl_->tick();
}

void EventLoop::start() {
  impl_->thread = std::thread([this] { impl_->run(); });
}

bool EventLoop::post(Job job) {
  Lock lock(impl_->mutex);
  if (impl_->ended) return false;
  asio::post(impl_->context, std::move(job));
  return true;
}

bool EventLoop::is_current_thread() const { return impl_->context.get_executor().running_in_this_thread(); }

void EventLoop::finish() {
  if (!impl_->thread.joinable()) return;
  post([this] {
    impl_->finishing = true;
    impl_->timer.cancel();
    impl_->guard.reset();
  });
  impl_->thread.join();
}

asio::io_context& EventLoop::context() { return impl_->context; }

}  // namespace anabranch::http
