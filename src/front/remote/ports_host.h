#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/result.h"
#include "front/builds.h"
#include "front/remote/port_methods.h"
#include "front/table_copies.h"
#include "processes/link.h"
#include "serve/reads.h"

namespace anabranch::front::remote {

/// The engine's side of the ports: answers calls of a link by the ports of this process, each on the thread
/// that the link gives it, and tells how far reads are. What comes is checked before it is asked. Owner: the
/// engine's process.
class PortsHost {
 public:
  struct Ports {  // outlive the host
    Builds& builds;
    TableCopies& tables;
    std::function<serve::Reads*()> reads;  // null while nothing can be read; any thread may ask
  };
  /// Calls that doors make at once, at most: each holds a thread of the link (Link::Options::handler_threads)
  /// until it is answered, and short ones should not wait for builds and queries.
  static constexpr int calls_at_once = 32;

  explicit PortsHost(Ports ports);
  ~PortsHost();  // stop()
  PortsHost(const PortsHost&) = delete;
  PortsHost& operator=(const PortsHost&) = delete;

  /// For Link::over(). Any thread. corrupt: a call that there is not, or not so.
  Result<std::string> answer(processes::IncomingCall& call) const;
  /// Tells EngineState::Told whenever it has changed, looked at twenty times a second, until stop(). Once.
  void tell(processes::Link& link);
  void stop() EXCLUDES(mutex_);

 private:
  template <typename Answer, typename... Arguments, typename Work>
  void on(const Method<Answer, Arguments...>& method, Work work);
  void add_builds();
  void add_orders();
  void add_tables();
  void add_reads();
  Result<serve::Reads*> reads() const;
  void run_teller(processes::Link& link) EXCLUDES(mutex_);

  const Ports ports_;
  std::map<std::string, std::function<Result<std::string>(processes::IncomingCall&)>, std::less<>> answers_;

  Mutex mutex_;
  std::condition_variable stopped_;
  bool is_stopped_ GUARDED_BY(mutex_) = false;
  std::thread teller_;
};

}  // namespace anabranch::front::remote
