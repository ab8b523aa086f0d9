#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace anabranch::http {

/// One thread that serves sockets. Shared by the server, its connections and unanswered Responders.
/// Jobs run on the loop's thread, one at a time, in the order in which they were posted.
class EventLoop {
 public:
  using Job = std::move_only_function<void()>;

  EventLoop();
  ~EventLoop();

  /// Calls `job` every so often until finish(). Before start().
  void every(std::chrono::milliseconds interval, std::function<void()> job);
  void start();
  /// Any thread. False, and the job is destroyed, once the loop has ended.
  bool post(Job job);
  bool is_current_thread() const;
  /// Waits until nothing is left to do, then ends the thread: all sockets must be closed, or about to be.
  /// Not from the loop's own thread.
  void finish();

  boost::asio::io_context& context();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace anabranch::http
