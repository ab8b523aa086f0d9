#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/engine_messages.h"
#include "app/load_project.h"
#include "app/platform.h"
#include "app/remote_stream_writer.h"
#include "base/mutex.h"
#include "base/result.h"
#include "front/remote/ports_host.h"
#include "processes/link.h"

namespace anabranch::app {

/// The engine of a server, in a process of its own: a platform whose logs the server writes (engine_host.h is
/// the other side). It may end at any instruction: what it holds is made anew from logs and lake. Owner:
/// engine_main(). The link's threads call.
class EngineProcess {
 public:
  /// `server`: the link, there before its first call.
  explicit EngineProcess(front::remote::CurrentLink server) : server_(std::move(server)) {}
  ~EngineProcess();  // stop()

  /// A call of the server.
  Result<std::string> handle(processes::IncomingCall& call);
  /// What the server tells.
  void told(std::string_view topic, std::string_view bytes);
  /// Ends what runs, and what the data folder is used for.
  void stop() EXCLUDES(mutex_);

 private:
  Result<std::string> load(const EngineOpening& opening);
  Status open();
  Result<std::vector<Error>> start();
  IntakeState intake_state() const;
  void tell_intake() EXCLUDES(telling_);
  void run_teller() EXCLUDES(mutex_);

  const front::remote::CurrentLink server_;
  EngineOpening opening_;
  std::unique_ptr<io::FileLock> lock_;
  std::optional<LoadedProject> loaded_;
  std::unique_ptr<Platform> platform_;
  std::unique_ptr<front::remote::PortsHost> ports_;
  std::atomic<bool> is_open_ = false;                  // both are there, for good
  std::atomic<RemoteStreamWriter*> writer_ = nullptr;  // the platform's
  Mutex telling_;
  std::string told_intake_ GUARDED_BY(telling_);
  Mutex mutex_;
  std::condition_variable stopped_;
  bool is_stopped_ GUARDED_BY(mutex_) = false;
  std::thread teller_;
};

/// `anabranch child engine`. Returns the exit code.
int engine_main();

}  // namespace anabranch::app
