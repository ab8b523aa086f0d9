#include "http/connection.h"

#include <algorithm>
#include <array>
#include <limits>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/assert.h"
#include "http/connection_phase.h"
#include "http/exchange.h"
#include "http/problem.h"
#include "http/request_reader.h"
#include "http/response_head.h"

namespace anabranch::http {
namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;
using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
using std::chrono::milliseconds;

constexpr size_t read_bytes = 16 << 10;
constexpr int64_t never = std::numeric_limits<int64_t>::max();
// How long the rest of a refused request is thrown away, so that the client reads the refusal before a reset.
constexpr milliseconds drain_timeout{2000};
// Memory for a body is taken as its bytes come: so much at first, then twice what is there.
constexpr size_t body_room_min = 64 << 10;
// A body of which nothing comes for longer gives its place to others when there is none left.
constexpr milliseconds body_pause_max{1000};

std::string_view known_method(std::string_view method) {
  for (std::string_view known : {"GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    if (method == known) return known;
  }
  return "OTHER";
}

class ConnectionImpl final : public Connection, public std::enable_shared_from_this<ConnectionImpl> {
 public:
  ConnectionImpl(const ConnectionSetting& setting, std::shared_ptr<EventLoop> loop, int socket,
                 std::string remote, std::function<void(Connection&)> closed)
      : setting_(setting),
        loop_(std::move(loop)),
        socket_(loop_->context().get_executor(), asio::ip::tcp::v4(),
                socket),  // v4 or v6: open sockets do not care
        remote_(std::move(remote)),
        closed_(std::move(closed)) {}

  void start(bool is_beyond) override;
  void finish() override;
  void close() override;
  std::optional<int64_t> silent_since_us() const override;
  void sweep() override;

  void answer(Response response) override;
  void begin_events(std::shared_ptr<EventOutbox> outbox) override;
  void pump_events() override;
  void begin_stream(Response head, std::shared_ptr<BodyOutbox> outbox) override;
  void pump_stream() override;

 private:
  int64_t now_us() const { return setting_.options.clock->monotonic_us(); }
  // For the request at hand: one that has ended its sending may still wait for it.
  bool is_at_work() const {
    return phase_ == Phase::busy || phase_ == Phase::answering || phase_ == Phase::sending;
  }
  void set_deadline(milliseconds from_now) { deadline_us_ = now_us() + from_now.count() * 1000; }

  void read();
  void on_read(ErrorCode error, size_t size, bool is_into_body);
  void advance();
  bool begin_request();
  bool read_head();
  void on_head(RequestHead head);
  void begin_body();
  bool read_body();
  void make_room();
  void forget_body();
  void probe_peer();
  void refuse(const Error& error, int status = 0);
  void refuse(Response response) { refusal_ = std::move(response); }
  void choose_route(const Target& target);
  void ask_guard();
  void ask_buckets();
  void dispatch();
  void set_body_deadline();

  void write(std::string head, std::string_view body, void (ConnectionImpl::*then)());
  void write_some();
  void on_answered();
  void on_continue() { advance(); }
  void tell_access(int status);

  const ConnectionSetting& setting_;  // not after close()
  const std::shared_ptr<EventLoop> loop_;
  Socket socket_;
  const std::string remote_;
  std::function<void(Connection&)> closed_;

  Phase phase_ = Phase::idle;
  int64_t deadline_us_ = never;
  bool is_finishing_ = false;  // the server stops
  bool is_reading_ = false;
  bool has_peer_ended_ = false;  // the client will send no more
  bool is_peer_probed_ = false;
  bool is_beyond_ = false;
  int64_t silent_since_us_ = 0;
  int64_t heard_us_ = 0;  // when bytes came last
  std::array<char, read_bytes> chunk_;
  std::string input_;  // came, not yet understood
  size_t input_used_ = 0;

  // The request at hand.
  std::optional<RequestReader> reader_;
  RequestHead head_;
  Request request_;
  const Handler* handler_ = nullptr;
  std::string_view route_;
  RunOn run_on_ = RunOn::io;
  TokenBucket* bucket_ = nullptr;
  bool keeps_place_ = false;
  std::optional<Response> refusal_;  // answered in place of a handler's response
  bool close_after_ = false;
  bool drain_after_ = false;
  BodyLease lease_;
  size_t body_filled_ = 0;
  int64_t body_began_us_ = 0;
  int64_t head_came_us_ = 0;
  std::shared_ptr<std::atomic<bool>> cancelled_;

  // The answer at hand.
  Response response_;
  std::shared_ptr<EventOutbox> outbox_;
  std::shared_ptr<BodyOutbox> stream_;
  size_t streamed_bytes_ = 0;
  std::string out_head_;
  std::string_view out_body_;
  size_t out_written_ = 0;
  bool is_writing_ = false;
  void (ConnectionImpl::*then_)() = nullptr;
  int64_t wrote_us_ = 0;
};

void ConnectionImpl::start(bool is_beyond) {
  is_beyond_ = is_beyond;
  silent_since_us_ = now_us();
  set_deadline(std::min(setting_.options.header_timeout, setting_.options.idle_timeout));
  read();
}

std::optional<int64_t> ConnectionImpl::silent_since_us() const {
  if (is_writing_) return std::nullopt;
  if (phase_ == Phase::idle || phase_ == Phase::head || phase_ == Phase::draining) return silent_since_us_;
  // A body that comes has its pauses.
  const bool is_paused = phase_ == Phase::body && now_us() - heard_us_ >= body_pause_max.count() * 1000;
  return is_paused ? std::optional(heard_us_) : std::nullopt;
}

void ConnectionImpl::finish() {
  is_finishing_ = true;
  switch (phase_) {
    case Phase::idle:
    case Phase::head:
    case Phase::body:
    case Phase::draining:
      close();
      break;
    case Phase::streaming:
      if (outbox_->end()) pump_events();
      break;
    case Phase::busy:
    case Phase::answering:
    case Phase::sending:
      close_after_ = true;
      break;
    case Phase::closed:
      break;
  }
}

void ConnectionImpl::close() {
  if (phase_ == Phase::closed) return;
  if (is_at_work()) tell_access(499);
  phase_ = Phase::closed;
  if (cancelled_) *cancelled_ = true;
  if (outbox_) outbox_->close();
  if (stream_) stream_->close();
  lease_.give_back();
  ErrorCode ignored;
  socket_.close(ignored);
  std::exchange(closed_, nullptr)(*this);
}

void ConnectionImpl::sweep() {
  const int64_t now = now_us();
  if (phase_ == Phase::streaming && !is_writing_ &&
      now - wrote_us_ >= setting_.options.ping_interval.count() * 1000) {
    write(body_part(": ping\n\n", head_.is_http_1_0), {}, &ConnectionImpl::pump_events);
  }
  if (phase_ == Phase::busy && has_peer_ended_) probe_peer();
  if (now < deadline_us_) return;
  if (phase_ == Phase::head || phase_ == Phase::body) {
    if (is_writing_) return close();  // the client does not even take "100 Continue"
    phase_ = Phase::busy;
    close_after_ = drain_after_ = true;
    // The body stays where it is: a read into it may be under way.
    refuse(Error{Code::bad_input, "the request came too slowly", "send it faster, or in smaller parts",
                 std::nullopt},
           408);
    answer(std::move(*refusal_));
  } else {
    close();
  }
}

// Reads on while a handler works, too: to see the client go, and what it pipelines.
void ConnectionImpl::read() {
  if (is_reading_ || phase_ == Phase::closed) return;
  if (has_peer_ended_) {
    if (is_at_work()) return;
    return close();
  }
  if (is_at_work() && input_.size() >= setting_.options.header_bytes_max) return;  // enough waits
  is_reading_ = true;
  const bool is_into_body = phase_ == Phase::body && !refusal_ && !head_.is_chunked && input_.empty();
  const asio::mutable_buffer target = is_into_body ? asio::mutable_buffer(request_.body.data() + body_filled_,
                                                                          request_.body.size() - body_filled_)
                                                   : asio::mutable_buffer(chunk_.data(), chunk_.size());
  socket_.async_read_some(target, [self = shared_from_this(), is_into_body](ErrorCode error, size_t size) {
    self->on_read(error, size, is_into_body);
  });
}

void ConnectionImpl::on_read(ErrorCode error, size_t size, bool is_into_body) {
  is_reading_ = false;
  if (phase_ == Phase::closed) return;
  if (error) {
    has_peer_ended_ = true;
    if (error != asio::error::eof) return close();
    return read();  // what it asked before is still answered: it may have closed its sending side only
  }
  heard_us_ = now_us();
  if (phase_ == Phase::draining || phase_ == Phase::streaming) return read();
  if (is_into_body) {
    body_filled_ += size;
  } else {
    input_.append(chunk_.data(), size);
  }
  if (is_at_work()) return read();
  advance();
}

// A client that has ended its sending may wait for its answer, or be gone: both look the same until something
// is sent. "100 Continue" is what every client of HTTP/1.1 skips, and a closed socket answers it with a
// reset.
void ConnectionImpl::probe_peer() {
  if (is_peer_probed_ || is_writing_ || head_.is_http_1_0) return;
  is_peer_probed_ = true;
  socket_.async_wait(Socket::wait_error, [self = shared_from_this()](ErrorCode error) {
    if (!error && self->phase_ == Phase::busy) self->close();
  });
  constexpr std::string_view probe = "HTTP/1.1 100 Continue\r\n\r\n";
  ErrorCode error;
  socket_.non_blocking(true, error);
  if (!error) socket_.write_some(asio::const_buffer(probe.data(), probe.size()), error);
  if (error && error != asio::error::would_block) close();
}

// Goes on with what has come, as far as it goes.
void ConnectionImpl::advance() {
  while (!is_writing_) {
    bool has_more = false;
    switch (phase_) {
      case Phase::idle:
        has_more = begin_request();
        break;
      case Phase::head:
        has_more = read_head();
        break;
      case Phase::body:
        has_more = read_body();
        break;
      default:
        return;
    }
    if (!has_more) {
      input_.erase(0, input_used_);
      input_used_ = 0;
      return read();
    }
  }
}

bool ConnectionImpl::begin_request() {
  while (input_used_ < input_.size() && (input_[input_used_] == '\r' || input_[input_used_] == '\n')) {
    ++input_used_;  // RFC 9112 2.2: empty lines before a request are no harm
  }
  if (input_used_ == input_.size()) return false;
  phase_ = Phase::head;
  reader_.emplace(setting_.options.header_bytes_max);
  head_ = {};
  request_ = {};
  route_ = {};
  handler_ = nullptr;
  run_on_ = RunOn::io;
  bucket_ = nullptr;
  keeps_place_ = false;
  refusal_.reset();
  close_after_ = is_finishing_;
  drain_after_ = false;
  body_filled_ = 0;
  cancelled_.reset();
  silent_since_us_ = now_us();
  set_deadline(setting_.options.header_timeout);
  return true;
}

bool ConnectionImpl::read_head() {
  std::string_view rest = std::string_view(input_).substr(input_used_);
  auto head = reader_->read_head(rest);
  input_used_ = input_.size() - rest.size();
  head_came_us_ = now_us();
  if (!head) {
    close_after_ = drain_after_ = true;
    refuse(head.error());
    dispatch();
    return true;
  }
  if (!*head) return false;
  on_head(std::move(**head));
  return true;
}

void ConnectionImpl::on_head(RequestHead head) {
  head_ = std::move(head);
  if (!head_.keep_alive) close_after_ = true;
  request_.method = head_.method;
  request_.headers = std::move(head_.headers);
  request_.remote = remote_;
  cancelled_ = std::make_shared<std::atomic<bool>>(false);
  request_.cancelled = cancelled_;
  lease_ = BodyLease(setting_.bodies);

  if (auto target = parse_target(head_.target)) {
    choose_route(*target);
    request_.path = std::move(target->path);
    request_.query = std::move(target->query);
  } else {
    refuse(target.error());
  }
  if (is_beyond_) {
    close_after_ = true;
    if (!keeps_place_) {
      drain_after_ = true;
      refuse(Error{Code::unavailable,
                   fmt::format("the server has {} connections already", setting_.options.connections_max),
                   "close some, or try again later", std::nullopt});
      return dispatch();
    }
  }
  ask_guard();
  ask_buckets();
  begin_body();
}

void ConnectionImpl::ask_buckets() {
  if (refusal_ || keeps_place_) return;
  for (TokenBucket* bucket : {setting_.bucket.get(), bucket_}) {
    const milliseconds wait = bucket != nullptr ? bucket->take(now_us()) : milliseconds(0);
    if (wait.count() == 0) continue;
    return refuse(overloaded(bucket == bucket_ ? fmt::format("more requests a second than {} takes", route_)
                                               : std::string("more requests a second than the server takes"),
                             wait));
  }
}

void ConnectionImpl::ask_guard() {
  if (refusal_ || !setting_.guard) return;
  try {
    refusal_ = setting_.guard(request_);
  } catch (const std::exception& exception) {
    refuse(Error{Code::internal, fmt::format("the guard threw: {}", exception.what()), {}, std::nullopt});
  }
}

void ConnectionImpl::choose_route(const Target& target) {
  Router::Match match = setting_.router.match(head_.method, target.segments);
  if (const Route* route = match.route) {
    route_ = request_.route = route->pattern;
    request_.params = std::move(match.params);
    handler_ = &route->handler;
    run_on_ = route->run_on;
    bucket_ = route->bucket.get();
    keeps_place_ = route->keeps_place;
  } else if (!match.allow.empty()) {
    refuse(Error{Code::bad_input, fmt::format("{} does not take {}", target.path, head_.method),
                 fmt::format("it takes {}", match.allow), std::nullopt},
           405);
    refusal_->headers.add("Allow", match.allow);
  } else if (setting_.fallback && (head_.method == "GET" || head_.method == "HEAD")) {
    route_ = "fallback";
    handler_ = &setting_.fallback;
  } else {
    refuse(Error{Code::not_found, fmt::format("there is no {} {}", head_.method, target.path),
                 "docs/api.md lists what there is", std::nullopt});
  }
}

void ConnectionImpl::refuse(const Error& error, int status) {
  refusal_ = status == 0 ? problem(error) : problem_with_status(status, error);
}

// A refused request's body is read and thrown away, so that the connection can go on; but not when it is too
// large, or when the client asked first.
void ConnectionImpl::begin_body() {
  const ServerOptions& options = setting_.options;
  const bool has_body = head_.is_chunked || head_.content_length > 0;
  if (head_.content_length > options.body_bytes_max) {
    if (!refusal_) {
      refuse(Error{
          Code::too_large,
          fmt::format("the body has {} bytes; the most is {}", head_.content_length, options.body_bytes_max),
          "send it in smaller parts", std::nullopt});
    }
    close_after_ = drain_after_ = true;
    return dispatch();
  }
  if (!head_.is_chunked) make_room();
  if (refusal_ && has_body && head_.expects_continue) {
    close_after_ = drain_after_ = true;
    return dispatch();
  }
  phase_ = Phase::body;
  body_began_us_ = now_us();
  set_body_deadline();
  if (has_body && head_.expects_continue && input_used_ == input_.size()) {
    write("HTTP/1.1 100 Continue\r\n\r\n", {}, &ConnectionImpl::on_continue);
  }
}

// Room for what comes next of a body with a Content-Length, which says what may come and takes no memory.
void ConnectionImpl::make_room() {
  if (refusal_ || body_filled_ < request_.body.size() || body_filled_ == head_.content_length) return;
  const size_t room = std::min<size_t>(head_.content_length, std::max(body_room_min, 2 * body_filled_));
  if (!lease_.grow_to(room)) {
    refuse(overloaded("the server holds as many request bodies as it has memory for"));
    return forget_body();
  }
  // Not filled with zeros first: it is about to be filled with what comes. The size that GCC 12 gives to
  // the function is the capacity, which may be more.
  request_.body.resize_and_overwrite(room, [room](char*, size_t) { return room; });
}

void ConnectionImpl::forget_body() {
  request_.body = std::string();
  lease_.give_back();
}

void ConnectionImpl::set_body_deadline() {
  const ServerOptions& options = setting_.options;
  deadline_us_ =
      body_began_us_ + options.body_timeout.count() * 1000 +
      static_cast<int64_t>(body_filled_ * 1'000'000 / std::max<size_t>(1, options.body_bytes_per_s_min));
}

bool ConnectionImpl::read_body() {
  std::string_view rest = std::string_view(input_).substr(input_used_);
  bool is_whole = false;
  if (!head_.is_chunked) {
    size_t left = std::min<size_t>(rest.size(), head_.content_length - body_filled_);
    while (left > 0) {
      make_room();
      const size_t taken = refusal_ ? left : std::min(left, request_.body.size() - body_filled_);
      if (!refusal_) std::copy_n(rest.data(), taken, request_.body.data() + body_filled_);
      rest.remove_prefix(taken);
      body_filled_ += taken;
      left -= taken;
    }
    make_room();
    is_whole = body_filled_ == head_.content_length;
  } else {
    const size_t before = request_.body.size();
    auto read = reader_->read_chunks(rest, request_.body);
    body_filled_ += request_.body.size() - before;
    if (!read) {
      close_after_ = drain_after_ = true;
      refuse(read.error());
    } else if (rest.size() > setting_.options.header_bytes_max) {
      close_after_ = drain_after_ = true;
      refuse(Error{Code::bad_input, "a chunk of the body has too long a header", {}, std::nullopt});
    } else if (body_filled_ > setting_.options.body_bytes_max) {
      close_after_ = drain_after_ = true;
      if (!refusal_) {
        refuse(Error{Code::too_large,
                     fmt::format("the body has more than {} bytes", setting_.options.body_bytes_max),
                     "send it in smaller parts", std::nullopt});
      }
    } else if (!refusal_ && !lease_.grow_to(request_.body.capacity())) {
      refuse(overloaded("the server holds as many request bodies as it has memory for"));
    }
    if (refusal_) forget_body();
    is_whole = close_after_ && drain_after_ ? true : *read;
  }
  input_used_ = input_.size() - rest.size();
  if (is_whole) {
    dispatch();
    return true;
  }
  set_body_deadline();
  return false;
}

void ConnectionImpl::dispatch() {
  phase_ = Phase::busy;
  deadline_us_ = never;
  reader_.reset();
  if (refusal_) {
    answer(*std::exchange(refusal_, std::nullopt));
    return read();
  }
  const Responder responder(
      make_exchange(shared_from_this(), loop_, std::move(lease_), request_.cancelled, setting_.options));
  WorkerPool::Job job = [handler = handler_, request = std::move(request_), responder]() mutable {
    try {
      (*handler)(std::move(request), std::move(responder));
    } catch (const std::exception& exception) {  // the Responder has answered 500 by now, or will
      spdlog::error("a handler threw: {}", exception.what());
    }
  };
  request_ = {};
  if (run_on_ == RunOn::io) {
    job();
  } else if (!setting_.workers->submit(job)) {
    responder.answer(overloaded("the server works on as many requests as it can"));
  }
  read();
}

void ConnectionImpl::answer(Response response) {
  if (phase_ != Phase::busy) return;  // the client has gone, or this is the refused job's own end
  phase_ = Phase::answering;
  response_ = std::move(response);
  if (response_.body.empty()) {
    out_body_ = response_.lasting_body;
  } else {
    out_body_ = response_.body;
  }
  ResponseHead head{.response = response_,
                    .content_length = out_body_.size(),
                    .keep_alive = !close_after_,
                    .is_http_1_0 = head_.is_http_1_0,
                    .now_us = setting_.options.clock->now_us()};
  if (response_.status == 204 || response_.status == 304) head.content_length.reset();
  const bool has_body = head.content_length.has_value() && head_.method != "HEAD";
  write(head.text(), has_body ? out_body_ : std::string_view(), &ConnectionImpl::on_answered);
}

void ConnectionImpl::on_answered() {
  tell_access(response_.status);
  response_ = {};
  stream_.reset();
  phase_ = Phase::idle;
  silent_since_us_ = now_us();
  set_deadline(setting_.options.idle_timeout);
  if (!close_after_) return advance();
  if (!drain_after_) return close();
  ErrorCode ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  phase_ = Phase::draining;
  input_ = {};
  input_used_ = 0;
  set_deadline(drain_timeout);
  read();
}

void ConnectionImpl::begin_events(std::shared_ptr<EventOutbox> outbox) {
  if (phase_ != Phase::busy) return outbox->close();
  phase_ = Phase::streaming;
  outbox_ = std::move(outbox);
  Response opening;
  opening.content_type = "text/event-stream";
  opening.headers.add("Cache-Control", "no-store");
  const ResponseHead head{.response = opening,
                          .content_length = std::nullopt,
                          .is_chunked = !head_.is_http_1_0,
                          .keep_alive = false,
                          .is_http_1_0 = head_.is_http_1_0,
                          .now_us = setting_.options.clock->now_us()};
  if (head_.method == "HEAD" || is_finishing_) outbox_->end();
  write(head.text(), {}, &ConnectionImpl::pump_events);
  tell_access(opening.status);
  read();
}

void ConnectionImpl::pump_events() {
  if (phase_ != Phase::streaming || is_writing_) return;
  deadline_us_ = never;
  if (head_.method == "HEAD") return close();
  if (auto text = outbox_->take()) {
    if (text->empty()) return;
    write(body_part(std::move(*text), head_.is_http_1_0), {}, &ConnectionImpl::pump_events);
  } else if (head_.is_http_1_0) {
    close();
  } else {
    write(last_chunk, {}, &ConnectionImpl::close);
  }
}

void ConnectionImpl::begin_stream(Response head, std::shared_ptr<BodyOutbox> outbox) {
  if (phase_ != Phase::busy) return outbox->close();
  phase_ = Phase::sending;
  response_ = std::move(head);
  stream_ = std::move(outbox);
  streamed_bytes_ = 0;
  if (head_.is_http_1_0) close_after_ = true;  // nothing else tells its end
  const ResponseHead opening{.response = response_,
                             .content_length = std::nullopt,
                             .is_chunked = !head_.is_http_1_0,
                             .keep_alive = !close_after_,
                             .is_http_1_0 = head_.is_http_1_0,
                             .now_us = setting_.options.clock->now_us()};
  if (head_.method == "HEAD") {
    stream_->close();
    return write(opening.text(), {}, &ConnectionImpl::on_answered);
  }
  write(opening.text(), {}, &ConnectionImpl::pump_stream);
}

void ConnectionImpl::pump_stream() {
  if (phase_ != Phase::sending || is_writing_ || head_.method == "HEAD") return;
  deadline_us_ = never;  // it is the handler that lets us wait
  BodyOutbox::Taken taken = stream_->take();
  streamed_bytes_ += taken.bytes.size();
  if (!taken.bytes.empty()) {
    return write(body_part(std::move(taken.bytes), head_.is_http_1_0), {}, &ConnectionImpl::pump_stream);
  }
  if (!taken.is_ended) return;
  if (!taken.is_whole) {
    // With a reset: without chunks, an orderly close would look like the end of the body.
    ErrorCode ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    return close();
  }
  if (head_.is_http_1_0) return on_answered();
  write(last_chunk, {}, &ConnectionImpl::on_answered);
}

void ConnectionImpl::write(std::string head, std::string_view body, void (ConnectionImpl::*then)()) {
  ANABRANCH_ASSERT(!is_writing_);
  is_writing_ = true;
  out_head_ = std::move(head);
  out_body_ = body;
  out_written_ = 0;
  then_ = then;
  write_some();
}

void ConnectionImpl::write_some() {
  set_deadline(setting_.options.write_timeout);
  const size_t head_written = std::min(out_written_, out_head_.size());
  const size_t body_written = out_written_ - head_written;
  const std::array<asio::const_buffer, 2> rest = {
      asio::const_buffer(out_head_.data() + head_written, out_head_.size() - head_written),
      asio::const_buffer(out_body_.data() + body_written, out_body_.size() - body_written)};
  socket_.async_write_some(rest, [self = shared_from_this()](ErrorCode error, size_t size) {
    if (self->phase_ == Phase::closed) return;
    if (error) return self->close();
    self->out_written_ += size;
    self->wrote_us_ = self->now_us();
    if (self->out_written_ < self->out_head_.size() + self->out_body_.size()) return self->write_some();
    self->is_writing_ = false;
    (*self.*(self->then_))();
  });
}

void ConnectionImpl::tell_access(int status) {
  if (!setting_.access) return;
  setting_.access({.method = known_method(head_.method),
                   .route = route_,
                   .status = status,
                   .duration_us = now_us() - head_came_us_,
                   .bytes_in = body_filled_,
                   .bytes_out = std::exchange(streamed_bytes_, 0) + out_head_.size() + out_body_.size()});
}

}  // namespace

std::shared_ptr<Connection> make_connection(const ConnectionSetting& setting, std::shared_ptr<EventLoop> loop,
                                            int socket, std::string remote,
                                            std::function<void(Connection&)> closed) {
  return std::make_shared<ConnectionImpl>(setting, std::move(loop), socket, std::move(remote),
                                          std::move(closed));
}

}  // namespace anabranch::http
