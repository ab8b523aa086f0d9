#pragma once
// How a handler answers: at once or later, from any thread, with one response or with a stream of events.

#include <memory>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace anabranch::http {

/// The server's side of an EventStream. Any thread may call.
class EventChannel {
 public:
  virtual ~EventChannel() = default;  // ends the stream cleanly
  virtual bool send(std::string_view event, std::string_view data) = 0;
  virtual bool is_open() const = 0;
  virtual uint64_t dropped() const = 0;
  virtual void close() = 0;
};

/// Server-sent events to one client. Copies are the same stream, which ends when the last one goes.
/// Any thread may call. A client that reads too slowly loses messages: older ones of the same event first,
/// the latest one never.
class EventStream {
 public:
  explicit EventStream(std::shared_ptr<EventChannel> channel) : channel_(std::move(channel)) {}
  /// Queues a message and returns at once. False when the client has gone or the stream is closed.
  bool send(std::string_view event, std::string_view data) { return channel_->send(event, data); }
  bool is_open() const { return channel_->is_open(); }
  /// Messages that this client lost because it read too slowly.
  uint64_t dropped() const { return channel_->dropped(); }
  /// Sends what is queued, then ends the stream.
  void close() { channel_->close(); }

 private:
  std::shared_ptr<EventChannel> channel_;
};

/// The server's side of a Responder; a test may give its own.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual void answer(Response response) = 0;
  virtual std::shared_ptr<EventChannel> open_events() = 0;
};

/// Answers one request, once: the first call counts, later ones do nothing. Copies answer the same request;
/// when the last one goes unanswered, the client gets 500 `internal`. Any thread may call, also after the
/// server stopped.
class Responder {
 public:
  explicit Responder(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  /// Hands the response over and returns at once.
  void answer(Response response) const { exchange_->answer(std::move(response)); }
  /// Answers with the problem document of an error. `name` overrides the document's code, such as
  /// "unknown_stream".
  void fail(const Error& error, std::string_view name = {}) const;
  /// Answers with a stream of events.
  EventStream events() const { return EventStream(exchange_->open_events()); }

 private:
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace anabranch::http
