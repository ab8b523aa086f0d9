#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "app/commands/commands.h"
#include "app/load_project.h"
#include "app/project_watch.h"
#include "app/server.h"
#include "app/terminal.h"

namespace anabranch::app {

namespace {

// A program that was told to end does so in this time, whatever it is at: what it acknowledged is durable,
// and the next start takes an end like this as it takes a crash.
class LastResort {
 public:
  LastResort() : thread_([this] { run(); }) {}
  ~LastResort() {
    {
      std::lock_guard lock(mutex_);
      is_over_ = true;
      over_.notify_all();
    }
    thread_.join();
  }

 private:
  static constexpr auto patience = std::chrono::seconds(8);

  void run() {
    std::unique_lock lock(mutex_);
    if (over_.wait_for(lock, patience, [this] { return is_over_; })) return;
    std::fputs("the server could not stop in peace in 8 s and ends now\n", stderr);
    std::_Exit(1);  // children end with it
  }

  std::mutex mutex_;
  std::condition_variable over_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace

int run_up(const CommonOptions& common, const UpOptions& options) {
  const auto root = project_root(common);
  if (!root) return fail_command(common, root.error());
  auto project = load_project(*root, common.target, Printed::all);
  if (!project) return fail_command(common, project.error());
  block_signals();
  Server::Options of_server;
  of_server.host = options.host.empty() ? project->settings.server.host : options.host;
  of_server.port = options.port >= 0 ? static_cast<uint16_t>(options.port) : project->settings.server.port;
  of_server.is_insecure = options.is_insecure;
  of_server.target = common.target;
  Progress progress("replaying the log");
  of_server.on_replay = [&](double share) { progress.show(share, ""); };
  const std::string name = project->name;
  const io::Path data_folder = *root / project->settings.data_folder;
  auto server = Server::start(std::move(*project), of_server);
  if (!server) {
    Error error = std::move(server).error();
    if (error.code == Code::conflict) {
      const auto address = read_server_address(data_folder);
      if (address)
        error.message += fmt::format(" and listens on http://{}:{}/", address->host, address->port);
    }
    return fail_command(common, error);
  }
  for (const Error& error : (*server)->platform().left_out()) {
    if (error.code != Code::not_found) continue;  // among the faults
    fmt::print(stderr, "{}: {}\n", colored("waiting", Color::yellow), error.describe());
  }
  for (const front::Fault& fault : (*server)->platform().faults()) {
    fmt::print(stderr, "{} {}: {}\n", colored("fault:", Color::red), fault.of, fault.error.describe());
  }
  fmt::print("{} {} on {}\n", colored("up", Color::green), name, (*server)->url());
  std::fflush(stdout);
  std::optional<ProjectWatch> watch(std::in_place, (*server)->platform(), options.watches);
  const int signal = wait_for_signal([&] { watch->ask(); });
  std::fputs(fmt::format("stopping (signal {})\n", signal).c_str(),
             stderr);  // may fail: the reader may have gone
  const LastResort last_resort;
  (*server)->platform().stop();  // ends an apply that runs, too
  watch.reset();
  (*server)->stop();
  return 0;
}

}  // namespace anabranch::app
