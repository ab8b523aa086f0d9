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

Result<std::unique_ptr<Server>> start(const CommonOptions& common, const io::Path& root,
                                      bool has_engine_process, Server::Options& options) {
  if (has_engine_process) return Server::start_with_engine_process(root, options);
  auto project = TRY(load_project(root, common.target, Printed::all));
  if (options.host.empty()) options.host = project.settings.server.host;
  if (!options.port) options.port = project.settings.server.port;
  return Server::start(std::move(project), options);
}

// Of who holds the project's data already.
std::optional<ServerAddress> server_of(const io::Path& root, const std::string& target) {
  const auto project = load_without_models(root, target);
  return project ? read_server_address(root / project->settings.data_folder) : std::nullopt;
}

}  // namespace

int run_up(const CommonOptions& common, const UpOptions& options) {
  const auto root = project_root(common);
  if (!root) return fail_command(common, root.error());
  block_signals();
  Server::Options of_server;
  of_server.host = options.host;
  if (options.port >= 0) of_server.port = static_cast<uint16_t>(options.port);
  of_server.is_insecure = options.is_insecure;
  of_server.target = common.target;
  Progress progress("replaying the log");
  of_server.on_replay = [&](double share) { progress.show(share, ""); };
  auto server = start(common, *root, options.has_engine_process, of_server);
  if (!server) {
    Error error = std::move(server).error();
    if (error.code == Code::conflict) {
      if (const auto address = server_of(*root, common.target))
        error.message += fmt::format(" and listens on http://{}:{}/", address->host, address->port);
    }
    return fail_command(common, error);
  }
  for (const Error& error : (*server)->left_out()) {
    if (error.code != Code::not_found) continue;  // among the faults
    fmt::print(stderr, "{}: {}\n", colored("waiting", Color::yellow), error.describe());
  }
  for (const front::Fault& fault : (*server)->ports().builds().faults(security::local_caller())) {
    fmt::print(stderr, "{} {}: {}\n", colored("fault:", Color::red), fault.of, fault.error.describe());
  }
  fmt::print("{} {} on {}\n", colored("up", Color::green), (*server)->ports().project_name(),
             (*server)->url());
  std::fflush(stdout);
  std::optional<ProjectWatch> watch(std::in_place, (*server)->ports().builds(), *root, options.watches);
  const int signal = wait_for_signal([&] { watch->ask(); });
  std::fputs(fmt::format("stopping (signal {})\n", signal).c_str(),
             stderr);  // may fail: the reader may have gone
  const LastResort last_resort;
  (*server)->stop_work();  // ends an apply that runs, too
  watch.reset();
  (*server)->stop();
  return 0;
}

}  // namespace anabranch::app
