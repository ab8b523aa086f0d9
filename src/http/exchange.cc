#include "http/exchange.h"

#include "http/event_outbox.h"
#include "http/problem.h"

namespace anabranch::http {
namespace {

class ChannelImpl final : public EventChannel {
 public:
  ChannelImpl(std::shared_ptr<EventLoop> loop, std::weak_ptr<Connection> connection,
              std::shared_ptr<EventOutbox> outbox)
      : loop_(std::move(loop)), connection_(std::move(connection)), outbox_(std::move(outbox)) {}
  ~ChannelImpl() override { ChannelImpl::close(); }

  bool send(std::string_view event, std::string_view data) override {
    const EventOutbox::Push pushed = outbox_->push(event, data);
    if (pushed == EventOutbox::Push::wake) wake();
    return pushed != EventOutbox::Push::refused;
  }
  bool is_open() const override { return outbox_->is_open(); }
  uint64_t dropped() const override { return outbox_->dropped(); }
  void close() override {
    if (outbox_->end()) wake();
  }

 private:
  void wake() {
    const bool is_posted = loop_->post([connection = connection_] {
      if (auto alive = connection.lock()) alive->pump_events();
    });
    if (!is_posted) outbox_->close();
  }

  const std::shared_ptr<EventLoop> loop_;
  const std::weak_ptr<Connection> connection_;
  const std::shared_ptr<EventOutbox> outbox_;
};

class BodyChannelImpl final : public BodyChannel {
 public:
  BodyChannelImpl(std::shared_ptr<EventLoop> loop, std::weak_ptr<Connection> connection,
                  std::shared_ptr<BodyOutbox> outbox)
      : loop_(std::move(loop)), connection_(std::move(connection)), outbox_(std::move(outbox)) {}
  ~BodyChannelImpl() override {
    if (outbox_->end(false)) wake();
  }

  bool write(std::string bytes) override {
    if (bytes.empty()) return true;
    const BodyOutbox::Push pushed = outbox_->push(std::move(bytes));
    if (pushed == BodyOutbox::Push::wake) wake();
    return pushed != BodyOutbox::Push::refused;
  }
  void end() override {
    if (outbox_->end(true)) wake();
  }

 private:
  void wake() {
    const bool is_posted = loop_->post([connection = connection_] {
      if (auto alive = connection.lock()) alive->pump_stream();
    });
    if (!is_posted) outbox_->close();
  }

  const std::shared_ptr<EventLoop> loop_;
  const std::weak_ptr<Connection> connection_;
  const std::shared_ptr<BodyOutbox> outbox_;
};

// Holds the request's share of the memory for bodies until the answer.
class ExchangeImpl final : public Exchange {
 public:
  ExchangeImpl(std::shared_ptr<Connection> connection, std::shared_ptr<EventLoop> loop, BodyLease lease,
               std::shared_ptr<const std::atomic<bool>> cancelled, const ServerOptions& options)
      : loop_(std::move(loop)),
        connection_(std::move(connection)),
        cancelled_(std::move(cancelled)),
        event_buffer_bytes_max_(options.event_buffer_bytes_max),
        stream_buffer_bytes_max_(options.stream_buffer_bytes_max),
        write_timeout_(options.write_timeout),
        lease_(std::move(lease)) {}

  ~ExchangeImpl() override {
    if (is_answered_) return;
    ExchangeImpl::answer(
        problem(*cancelled_ ? Error{Code::cancelled, "the request was cancelled", {}, std::nullopt}
                            : Error{Code::internal, "a handler ended without an answer", {}, std::nullopt}));
  }

  void answer(Response response) override {
    if (is_answered_.exchange(true)) return;
    hand_over([response = std::move(response)](Connection& connection) mutable {
      connection.answer(std::move(response));
    });
  }

  std::shared_ptr<EventChannel> open_events() override {
    auto outbox = std::make_shared<EventOutbox>(event_buffer_bytes_max_);
    auto channel = std::make_shared<ChannelImpl>(loop_, connection_, outbox);
    const bool is_open = !is_answered_.exchange(true) &&
                         hand_over([outbox](Connection& connection) { connection.begin_events(outbox); });
    if (!is_open) outbox->close();
    return channel;
  }

  std::shared_ptr<BodyChannel> open_body(Response head) override {
    auto outbox = std::make_shared<BodyOutbox>(stream_buffer_bytes_max_, write_timeout_);
    auto channel = std::make_shared<BodyChannelImpl>(loop_, connection_, outbox);
    const bool is_open = !is_answered_.exchange(true) &&
                         hand_over([outbox, head = std::move(head)](Connection& connection) mutable {
                           connection.begin_stream(std::move(head), outbox);
                         });
    if (!is_open) outbox->close();
    return channel;
  }

 private:
  template <typename Act>
  bool hand_over(Act act) {
    lease_.give_back();
    if (loop_->is_current_thread()) {
      act(*connection_);
      return true;
    }
    return loop_->post([connection = connection_, act = std::move(act)]() mutable { act(*connection); });
  }

  const std::shared_ptr<EventLoop> loop_;
  const std::shared_ptr<Connection> connection_;
  const std::shared_ptr<const std::atomic<bool>> cancelled_;
  const size_t event_buffer_bytes_max_;
  const size_t stream_buffer_bytes_max_;
  const std::chrono::milliseconds write_timeout_;
  BodyLease lease_;
  std::atomic<bool> is_answered_ = false;
};

}  // namespace

std::shared_ptr<Exchange> make_exchange(std::shared_ptr<Connection> connection,
                                        std::shared_ptr<EventLoop> loop, BodyLease lease,
                                        std::shared_ptr<const std::atomic<bool>> cancelled,
                                        const ServerOptions& options) {
  return std::make_shared<ExchangeImpl>(std::move(connection), std::move(loop), std::move(lease),
                                        std::move(cancelled), options);
}

}  // namespace anabranch::http
