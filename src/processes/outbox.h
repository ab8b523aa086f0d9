#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <functional>
#include <string>

#include "base/mutex.h"
#include "io/socket.h"
#include "processes/message.h"

namespace anabranch::processes {

/// Messages on their way to the other side, in order. Any thread may put some in. Who finds nobody writing
/// writes itself, as long as it need not wait for the other side; then the writing thread (write_on) goes on.
/// So a small message costs no change of threads, and nobody who reads has ever to wait for the other side.
class Outbox {
 public:
  /// More than `bytes_max` wait: put() waits too. More than `unwaited_bytes_max` of put_now() wait: the other
  /// side does not read, and the outbox ends.
  Outbox(io::Socket& socket, size_t bytes_max, size_t unwaited_bytes_max)
      : socket_(socket), bytes_max_(bytes_max), unwaited_bytes_max_(unwaited_bytes_max) {}

  /// Waits while too much is on its way. False: the outbox has ended, or `give_up` (asked now and then) said
  /// so.
  bool put(Kind kind, uint64_t id, std::string body, const std::function<bool()>& give_up) EXCLUDES(mutex_);
  /// Never waits. Dropped when the outbox has ended.
  void put_now(Kind kind, uint64_t id, std::string body = {}) EXCLUDES(mutex_);

  /// The writing thread's work: returns when the outbox has ended. On an error it shuts the socket down, and
  /// who reads there finds its end.
  void write_on() EXCLUDES(mutex_);
  void end() EXCLUDES(mutex_);
  /// Whether it ended because the other side takes nothing.
  bool is_overfull() EXCLUDES(mutex_);

 private:
  struct Outgoing {
    std::array<char, head_bytes> head;
    std::string body;
    bool is_unwaited = false;
    size_t size() const { return head_bytes + body.size(); }
  };
  enum class Written { all, some, full, ended };

  // True: the caller has to write now.
  bool add(Kind kind, uint64_t id, std::string body, bool is_unwaited) REQUIRES(mutex_);
  void write_at_once() EXCLUDES(mutex_);
  // By who has is_writing_: writes what there is room for. all, ended: nobody has it any more.
  Written write_some() EXCLUDES(mutex_);
  void take_off(size_t written) REQUIRES(mutex_);

  io::Socket& socket_;
  const size_t bytes_max_;
  const size_t unwaited_bytes_max_;
  Mutex mutex_;
  std::condition_variable room_;
  std::condition_variable writer_;
  std::deque<Outgoing> queue_ GUARDED_BY(mutex_);
  size_t first_written_ GUARDED_BY(mutex_) = 0;  // bytes of the first one that are written
  size_t bytes_ GUARDED_BY(mutex_) = 0;
  size_t unwaited_bytes_ GUARDED_BY(mutex_) = 0;
  bool is_writing_ GUARDED_BY(mutex_) = false;       // somebody writes what is in the queue, all of it
  bool is_writers_turn_ GUARDED_BY(mutex_) = false;  // and that is the writing thread now
  bool is_ended_ GUARDED_BY(mutex_) = false;
  bool is_overfull_ GUARDED_BY(mutex_) = false;
};

}  // namespace anabranch::processes
