#include "processes/link.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <thread>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/mutex.h"
#include "io/clock.h"
#include "processes/inbox.h"
#include "processes/message.h"
#include "processes/outbox.h"
#include "processes/running_call.h"

namespace anabranch::processes {
namespace {

/// Its threads: one reads, until a call comes; it wakes another one to read on and runs the call itself. So a
/// call waits for no change of threads, and somebody always reads.
class SocketLink final : public Link {
 public:
  SocketLink(io::Socket socket, Handler handler, TellHandler told, const Options& options)
      : options_(options),
        handler_(std::move(handler)),
        told_(std::move(told)),
        socket_(std::move(socket)),
        inbox_(socket_, options.message_bytes_max + body_overhead_bytes),
        outbox_(socket_, options.message_bytes_max, options.unwaited_bytes_max) {
    ANABRANCH_ASSERT(options.handler_threads > 0 && options.frames_ahead > 0 &&
                     options.frames_ahead <= frames_ahead_most);
    for (int i = 0; i <= options_.handler_threads; ++i) threads_.emplace_back([this] { work(); });
    threads_.emplace_back([this] {
      outbox_.write_on();
      announce();
    });
  }

  ~SocketLink() override {
    close();
    Lock lock(mutex_);
    while (callers_ > 0) lock.wait(left_);
  }

  Result<std::string> call(std::string_view method, std::string_view request, FrameSink* sink,
                           std::shared_ptr<const std::atomic<bool>> cancelled, int64_t timeout_us) override;
  void tell(std::string_view topic, std::string_view bytes) override {
    ANABRANCH_ASSERT(topic.size() <= name_bytes_max && bytes.size() <= options_.message_bytes_max);
    outbox_.put_now(Kind::tell, 0, to_bytes(TellBody{topic, bytes}));
  }
  void ping() override { outbox_.put_now(Kind::ping, 0); }
  uint64_t heard() const override { return heard_.load(); }
  bool is_open() const override { return is_open_.load(); }

  void on_close(std::function<void(const Error&)> listener) override EXCLUDES(mutex_) {
    Lock lock(mutex_);
    listener_ = std::move(listener);
    announcing_.notify_all();
  }

  void close() override EXCLUDES(mutex_) {
    {
      Lock lock(mutex_);
      is_closing_ = true;
      announcing_.notify_all();
    }
    end({Code::unavailable, "the connection to the other process is closed", {}, {}});
    Lock lock(joining_);
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  void work() EXCLUDES(mutex_);
  // Reads until a call has come that can run now, which has a thread from here on; nothing: the link has
  // ended.
  std::shared_ptr<HandledCall> read() EXCLUDES(mutex_);
  // What a message means; corrupt: nothing.
  Result<std::shared_ptr<HandledCall>> take(Message message) EXCLUDES(mutex_);
  Result<std::shared_ptr<HandledCall>> take_call(Message message) EXCLUDES(mutex_);
  // About a call of ours. Nothing: it has ended.
  Result<std::shared_ptr<OutgoingCall>> outgoing(uint64_t id, bool is_last) EXCLUDES(mutex_);
  Status take_credit(uint64_t id) EXCLUDES(mutex_);
  std::shared_ptr<HandledCall> handled(uint64_t id) EXCLUDES(mutex_);
  void run(HandledCall& call) EXCLUDES(mutex_);
  void end(const Error& why) EXCLUDES(mutex_);
  // On the writing thread, after its work: tells the listener that the other side has gone.
  void announce() EXCLUDES(mutex_);

  const Options options_;
  const Handler handler_;
  const TellHandler told_;
  io::Socket socket_;
  Inbox inbox_;  // of whoever reads
  Outbox outbox_;
  std::atomic<uint64_t> heard_ = 0;
  std::atomic<bool> is_open_ = true;

  Mutex mutex_;
  std::condition_variable work_;
  std::condition_variable announcing_;
  std::condition_variable left_;
  uint64_t last_id_ GUARDED_BY(mutex_) = 0;
  std::unordered_map<uint64_t, std::shared_ptr<OutgoingCall>> outgoing_ GUARDED_BY(mutex_);
  std::unordered_map<uint64_t, std::shared_ptr<HandledCall>> handled_ GUARDED_BY(mutex_);  // that wait or run
  std::deque<std::shared_ptr<HandledCall>> waiting_ GUARDED_BY(mutex_);
  size_t waiting_bytes_ GUARDED_BY(mutex_) = 0;
  int running_ GUARDED_BY(mutex_) = 0;  // threads in handlers
  int callers_ GUARDED_BY(mutex_) = 0;  // threads in call()
  bool is_reading_ GUARDED_BY(mutex_) = false;
  bool is_closing_ GUARDED_BY(mutex_) = false;
  std::optional<Error> ended_ GUARDED_BY(mutex_);
  std::function<void(const Error&)> listener_ GUARDED_BY(mutex_);

  Mutex joining_;
  std::vector<std::thread> threads_ GUARDED_BY(joining_);
};

Result<std::string> SocketLink::call(std::string_view method, std::string_view request, FrameSink* sink,
                                     std::shared_ptr<const std::atomic<bool>> cancelled, int64_t timeout_us) {
  ANABRANCH_ASSERT(method.size() <= name_bytes_max);
  if (request.size() > options_.message_bytes_max)
    return fail(Code::too_large,
                fmt::format("a request of {} bytes is too large to be sent", request.size()));
  OutgoingCall::Wait wait{sink, std::move(cancelled), 0};
  if (timeout_us > 0) wait.deadline_us = io::system_clock().monotonic_us() + timeout_us;
  const auto call = std::make_shared<OutgoingCall>(options_.frames_ahead);
  uint64_t id = 0;
  {
    Lock lock(mutex_);
    if (ended_) return fail(Code::unavailable, ended_->message);
    id = ++last_id_;
    outgoing_[id] = call;
    ++callers_;
  }
  // Once the outbox has ended so has the link, and the call has its answer.
  const bool is_sent = outbox_.put(Kind::call, id, to_bytes(CallBody{options_.frames_ahead, method, request}),
                                   [&] { return wait.over().has_value(); });
  Error why;
  auto answer = call->wait(id, wait, outbox_, why);
  if (!answer && is_sent) outbox_.put_now(Kind::cancel, id);
  Lock lock(mutex_);
  outgoing_.erase(id);
  if (--callers_ == 0) left_.notify_all();
  if (!answer) return fail(std::move(why));
  return std::move(*answer);
}

void SocketLink::work() {
  while (true) {
    std::shared_ptr<HandledCall> call;
    {
      Lock lock(mutex_);
      while (!ended_ && waiting_.empty() && is_reading_) lock.wait(work_);
      if (ended_) return;
      if (!waiting_.empty() && running_ < options_.handler_threads) {
        call = std::move(waiting_.front());
        waiting_.pop_front();
        waiting_bytes_ -= call->request().size();
        ++running_;
      } else {
        is_reading_ = true;
      }
    }
    if (!call) call = read();
    if (!call) return;
    run(*call);
    Lock lock(mutex_);
    --running_;
  }
}

std::shared_ptr<HandledCall> SocketLink::read() {
  while (true) {
    auto message = inbox_.next();
    Result<std::shared_ptr<HandledCall>> call;
    if (message) {
      heard_.fetch_add(1);
      call = take(std::move(*message));
    } else {
      call = fail(std::move(message).error());
    }
    if (!call) {
      end(call.error());
      return nullptr;
    }
    if (*call) return std::move(*call);
  }
}

Result<std::shared_ptr<HandledCall>> SocketLink::take(Message message) {
  const uint64_t id = message.head.id;
  switch (message.head.kind) {
    case Kind::call:
      return take_call(std::move(message));
    case Kind::frame: {
      const auto call = TRY(outgoing(id, false));
      if (call && !call->add_frame(std::move(message.body)))
        return fail(Code::corrupt, "the other process sent more of an answer than it was asked for");
      return nullptr;
    }
    case Kind::result: {
      const auto call = TRY(outgoing(id, true));
      if (call) call->answer(std::move(message.body));
      return nullptr;
    }
    case Kind::error: {
      auto error = TRY(error_from(message.body));
      const auto call = TRY(outgoing(id, true));
      if (call) call->answer(fail(std::move(error)));
      return nullptr;
    }
    case Kind::credit:
      TRY(take_credit(id));
      return nullptr;
    case Kind::cancel:
      if (const auto call = handled(id)) call->cancel();
      return nullptr;
    case Kind::tell: {
      const auto tell = TRY(tell_from(message.body));
      if (told_) told_(tell.topic, tell.bytes);
      return nullptr;
    }
    case Kind::ping:
      outbox_.put_now(Kind::pong, id);
      return nullptr;
    case Kind::pong:
      return nullptr;
  }
  return fail(Code::corrupt, "the other process sent what is no message");
}

Result<std::shared_ptr<HandledCall>> SocketLink::take_call(Message message) {
  const uint64_t id = message.head.id;
  const auto call = TRY(HandledCall::from(id, std::move(message.body), outbox_, options_.message_bytes_max));
  bool runs_now = false;
  bool is_taken = false;
  {
    Lock lock(mutex_);
    if (handled_.contains(id)) return fail(Code::corrupt, "the other process gave one number to two calls");
    if (ended_) return fail(*ended_);
    runs_now = running_ < options_.handler_threads;
    is_taken = handled_.size() < options_.calls_max &&
               (runs_now || waiting_.empty() ||
                waiting_bytes_ + call->request().size() <= options_.message_bytes_max);
    if (is_taken) handled_[id] = call;
    if (is_taken && runs_now) {
      ++running_;
      is_reading_ = false;
    } else if (is_taken) {
      waiting_bytes_ += call->request().size();
      waiting_.push_back(call);
    }
  }
  if (is_taken && runs_now) {
    work_.notify_one();  // who reads on
    return call;
  }
  if (is_taken) return nullptr;
  outbox_.put_now(Kind::error, id,
                  to_bytes(Error{Code::overloaded, "too many calls at once", "try again later", {}},
                           options_.message_bytes_max));
  return nullptr;
}

Result<std::shared_ptr<OutgoingCall>> SocketLink::outgoing(uint64_t id, bool is_last) {
  Lock lock(mutex_);
  if (id == 0 || id > last_id_) return fail(Code::corrupt, "the other process answered what nobody asked");
  const auto found = outgoing_.find(id);
  if (found == outgoing_.end()) return nullptr;
  auto call = found->second;
  if (is_last) outgoing_.erase(found);
  return call;
}

std::shared_ptr<HandledCall> SocketLink::handled(uint64_t id) {
  Lock lock(mutex_);
  const auto found = handled_.find(id);
  return found == handled_.end() ? nullptr : found->second;
}

Status SocketLink::take_credit(uint64_t id) {
  const auto call = handled(id);
  if (call && !call->add_credit())
    return fail(Code::corrupt, "the other process took more of an answer than there was");
  return {};
}

void SocketLink::run(HandledCall& call) {
  Result<std::string> answer = fail(Code::refused, "this process takes no calls");
  try {
    if (handler_) answer = handler_(call);
  } catch (const std::exception& failure) {
    answer = fail(Code::internal, fmt::format("{} failed: {}", call.method(), failure.what()));
  }
  {
    Lock lock(mutex_);
    handled_.erase(call.id());
  }
  if (call.cancelled()->load()) return;  // nobody waits
  const size_t bytes_max = options_.message_bytes_max;
  if (answer && answer->size() > bytes_max)
    answer =
        fail(Code::too_large, fmt::format("an answer of {} bytes is too large to be sent", answer->size()));
  const auto never = [] { return false; };
  if (answer)
    outbox_.put(Kind::result, call.id(), std::move(*answer), never);
  else
    outbox_.put(Kind::error, call.id(), to_bytes(answer.error(), bytes_max), never);
}

void SocketLink::end(const Error& why) {
  std::unordered_map<uint64_t, std::shared_ptr<OutgoingCall>> outgoing;
  std::vector<std::shared_ptr<HandledCall>> handled;
  {
    const bool is_overfull = outbox_.is_overfull();
    Lock lock(mutex_);
    if (ended_) return;
    ended_ = why;
    if (is_overfull && !is_closing_) ended_->message = "the other process takes no messages any more";
    is_open_ = false;
    outgoing.swap(outgoing_);
    for (const auto& [id, call] : handled_) handled.push_back(call);
    waiting_.clear();
  }
  socket_.shut_down();
  outbox_.end();
  for (const auto& [id, call] : outgoing) call->answer(fail(Code::unavailable, why.message));
  for (const auto& call : handled) call->cancel();
  Lock lock(mutex_);
  work_.notify_all();
  announcing_.notify_all();
}

void SocketLink::announce() {
  std::function<void(const Error&)> listener;
  Error why;
  {
    Lock lock(mutex_);
    while (!is_closing_ && !(ended_ && listener_)) lock.wait(announcing_);
    if (is_closing_) return;
    listener = std::move(listener_);
    listener_ = nullptr;
    why = *ended_;
  }
  listener(why);
}

}  // namespace

std::unique_ptr<Link> Link::over(io::Socket socket, Handler handler, TellHandler told, Options options) {
  return std::make_unique<SocketLink>(std::move(socket), std::move(handler), std::move(told), options);
}

}  // namespace anabranch::processes
