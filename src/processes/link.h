#pragma once
// Calls between two processes of ours, over one socket.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/socket.h"

namespace anabranch::processes {

/// Takes what a call answers piece by piece. On the thread that called. Who waits here keeps the other side
/// waiting (that call only: other calls of the link go on).
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  /// An error ends the call, which returns it: the other side is told to cancel.
  virtual Status frame(std::string bytes) = 0;
};

/// What came from the other side, on its way to a handler. Lives as long as the handler runs.
class IncomingCall {
 public:
  virtual ~IncomingCall() = default;
  virtual std::string_view method() const = 0;   // "reads.query"
  virtual std::string_view request() const = 0;  // bytes whose meaning is the method's
  /// Becomes true when the caller cancels, or its process has gone.
  virtual std::shared_ptr<const std::atomic<bool>> cancelled() const = 0;
  /// Sends a piece of the answer, one thread at a time; blocks while the caller has not taken enough of those
  /// before (its Options::frames_ahead). cancelled: nobody takes it any more. too_large: more than a message.
  virtual Status send(std::string frame) = 0;
};

/// One side of a connection. Both sides may call and be called, and have the same Options. Owner: who made
/// it; any thread may call. Not to be closed or destroyed by a thread of its own: a handler, or a listener.
/// Bounds: calls at once, bytes of a message, frames on their way: a peer that does not keep them, or sends
/// what is no message, ends the link (corrupt); nothing that it sends is trusted before it was checked.
class Link {
 public:
  struct Options {
    int handler_threads = 8;  // calls from the other side that run at once; more wait
    size_t calls_max = 1024;  // that wait or run, and those that wait have no more than a message together;
                              // more are overloaded
    size_t message_bytes_max = 64 << 20;
    int frames_ahead = 4;                 // that the other side may send before they are taken
    size_t unwaited_bytes_max = 8 << 20;  // of tells on their way; with more of them the link counts as dead
  };
  /// The last bytes of an answer, or why there is none. A handler that throws is an internal error.
  using Handler = std::function<Result<std::string>(IncomingCall&)>;
  /// Of one-way messages, in their order; on the link's reading thread: must not block.
  using TellHandler = std::function<void(std::string_view topic, std::string_view bytes)>;

  /// Begins at once. No handler: calls are refused. No tell handler: tells are dropped.
  static std::unique_ptr<Link> over(io::Socket socket, Handler handler, TellHandler told, Options options);
  virtual ~Link() = default;  // close(); waits until no thread is in call() any more

  /// Blocks until the other side has answered. Errors of the other side come as they are (code, message,
  /// hint, place). unavailable: the link is closed, or closes meanwhile (the other process ended): nobody
  /// knows what became of the call. cancelled: `cancelled` became true (looked at at least every 50 ms): the
  /// other side is told, and what it still says is dropped. timeout: likewise, after so long. timeout_us 0:
  /// none. too_large: the request is more than a message. Without a sink frames are dropped.
  virtual Result<std::string> call(std::string_view method, std::string_view request,
                                   FrameSink* sink = nullptr,
                                   std::shared_ptr<const std::atomic<bool>> cancelled = {},
                                   int64_t timeout_us = 0) = 0;
  /// One way, in order with other tells; dropped when the link is closed. Never blocks: queued up to a bound,
  /// then the link counts as dead (closed).
  virtual void tell(std::string_view topic, std::string_view bytes) = 0;
  /// Asks the other side's reading thread for a sign of life.
  virtual void ping() = 0;
  /// How many messages have come, answers to ping() among them: while it grows, the other side lives.
  virtual uint64_t heard() const = 0;
  virtual bool is_open() const = 0;
  /// Called once, on a thread of the link, when the other side has gone or misbehaved; soon, where that was
  /// before. Not for close().
  virtual void on_close(std::function<void(const Error& why)> listener) = 0;
  /// Ends running calls of both directions (handlers see cancelled), waits for handlers.
  virtual void close() = 0;
};

}  // namespace anabranch::processes
