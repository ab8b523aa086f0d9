#pragma once
// The link of a server and its engine, both in this process, for tests only.

#include <memory>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "front/remote/ports_host.h"
#include "processes/link.h"

namespace anabranch::front::remote {

/// Both ends, and what a test wants to know of them.
class TestLinks {
 public:
  static constexpr size_t frames_ahead = 4;
  TestLinks(processes::Link::Handler handler, processes::Link::TellHandler told)
      : handler_(std::move(handler)) {
    auto sockets = io::Socket::pair().value();
    processes::Link::Options options;
    options.handler_threads = PortsHost::calls_at_once;
    options.frames_ahead = frames_ahead;
    engine_ = processes::Link::over(
        std::move(sockets.first), [this](processes::IncomingCall& call) { return answer(call); }, {},
        options);
    server_ = processes::Link::over(std::move(sockets.second), {}, std::move(told), options);
  }
  ~TestLinks() { close(); }
  TestLinks(const TestLinks&) = delete;
  TestLinks& operator=(const TestLinks&) = delete;

  std::shared_ptr<processes::Link> server() { return server_; }
  processes::Link& engine() { return *engine_; }
  /// As when the engine ends: from any thread, once. Returns when the server has met it.
  void cut() {
    closer_ =
        std::thread([this] { engine_->close(); });  // which waits for handlers, of which this may be one
    while (server_->is_open()) std::this_thread::yield();
  }
  void close() {
    if (closer_.joinable()) closer_.join();
    engine_->close();
    server_->close();
  }
  /// How many frames were sent of the call that came last; goes on counting.
  std::shared_ptr<const std::atomic<size_t>> frames_of_last_call() EXCLUDES(mutex_) {
    Lock lock(mutex_);
    return last_sent_;
  }

 private:
  class Counted final : public processes::IncomingCall {
   public:
    Counted(processes::IncomingCall& call, std::shared_ptr<std::atomic<size_t>> sent)
        : call_(call), sent_(std::move(sent)) {}
    std::string_view method() const override { return call_.method(); }
    std::string_view request() const override { return call_.request(); }
    std::shared_ptr<const std::atomic<bool>> cancelled() const override { return call_.cancelled(); }
    Status send(std::string frame) override {
      TRY(call_.send(std::move(frame)));
      ++*sent_;
      return {};
    }

   private:
    processes::IncomingCall& call_;
    const std::shared_ptr<std::atomic<size_t>> sent_;
  };
  Result<std::string> answer(processes::IncomingCall& call) EXCLUDES(mutex_) {
    const auto sent = std::make_shared<std::atomic<size_t>>(0);
    {
      Lock lock(mutex_);
      last_sent_ = sent;
    }
    Counted counted(call, sent);
    return handler_(counted);
  }

  const processes::Link::Handler handler_;
  Mutex mutex_;
  std::shared_ptr<std::atomic<size_t>> last_sent_ GUARDED_BY(mutex_);
  std::shared_ptr<processes::Link> engine_, server_;  // their threads use the others
  std::thread closer_;
};

}  // namespace anabranch::front::remote
