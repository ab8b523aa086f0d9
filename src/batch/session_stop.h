#pragma once
// A build that others may end while it runs in this process.

#include <condition_variable>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <thread>

#include "base/mutex.h"
#include "base/result.h"
#include "sql/database.h"

namespace anabranch::batch {

/// Interrupts sessions from the moment on when the token is told to stop, again and again until they are let
/// go: an interrupt that comes just before a statement begins is lost. Any thread; without a token that can
/// be told, it does nothing.
class SessionStop {
 public:
  explicit SessionStop(const std::stop_token& token);
  ~SessionStop();
  SessionStop(const SessionStop&) = delete;
  SessionStop& operator=(const SessionStop&) = delete;

  /// cancelled once the token was told to stop.
  Status check() const;

  /// A session that is interrupted, for as long as this lives.
  class Watched {
   public:
    Watched(SessionStop& stop, sql::Session& session);
    ~Watched();
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

   private:
    SessionStop& stop_;
    sql::Session& session_;
  };

 private:
  void wake() EXCLUDES(mutex_);
  void watch() EXCLUDES(mutex_);

  const std::stop_token token_;
  Mutex mutex_;
  std::condition_variable changed_;
  std::set<sql::Session*> sessions_ GUARDED_BY(mutex_);
  bool is_over_ GUARDED_BY(mutex_) = false;
  std::thread watcher_;
  std::optional<std::stop_callback<std::function<void()>>> callback_;
};

}  // namespace anabranch::batch
