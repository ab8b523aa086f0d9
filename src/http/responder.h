#pragma once
// How a handler answers: at once or later, from any thread, with one response, with a body that comes in
// parts, or with a stream of events.

#include <memory>
#include <string>
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

/// The server's side of a BodyStream.
class BodyChannel {
 public:
  virtual ~BodyChannel() = default;  // cuts the body off, unless it has ended
  virtual bool write(std::string bytes) = 0;
  virtual void end() = 0;
};

/// The body of a response, part by part. One thread at a time, and none of the server's io threads: write()
/// waits while the client does not take what came before, so that little is ever in memory. Where the last
/// handle goes before end(), the client is told that the body is not whole: a chunked one lacks its last
/// chunk, and the connection is reset.
class BodyStream {
 public:
  explicit BodyStream(std::shared_ptr<BodyChannel> channel) : channel_(std::move(channel)) {}
  /// False: the client has gone, or took nothing for too long; all that follows is for nobody.
  bool write(std::string bytes) { return channel_->write(std::move(bytes)); }
  void end() { channel_->end(); }

 private:
  std::shared_ptr<BodyChannel> channel_;
};

/// The server's side of a Responder; a test may give its own.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual void answer(Response response) = 0;
  virtual std::shared_ptr<EventChannel> open_events() = 0;
  virtual std::shared_ptr<BodyChannel> open_body(Response head) = 0;
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
  /// Answers with this status and header, and with a body that is yet to come.
  BodyStream body(Response head) const { return BodyStream(exchange_->open_body(std::move(head))); }
  /// Answers with a stream of events.
  EventStream events() const { return EventStream(exchange_->open_events()); }

 private:
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace anabranch::http
