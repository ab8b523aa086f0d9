#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/server_link.h"
#include "app/terminal.h"

namespace anabranch::app {
namespace {

// Follows the running build by the server's own account of it, on a connection of its own.
class BuildWatch {
 public:
  explicit BuildWatch(const ServerLink& connection) {
    if (auto client = connection.another()) {
      thread_ = std::thread([this, client = std::move(*client)]() mutable { run(client); });
    }
  }
  ~BuildWatch() {
    {
      std::lock_guard lock(mutex_);
      is_done_ = true;
      done_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run(http::Client& client) {
    Progress progress("building");
    std::unique_lock lock(mutex_);
    while (!done_.wait_for(lock, std::chrono::milliseconds(200), [&] { return is_done_; })) {
      const auto status = client.request("GET", "/v1/status");
      if (!status) return;
      const auto document = nlohmann::json::parse(status->body, nullptr, false);
      const auto build = document.value("running_build", nlohmann::json());
      if (!build.is_object()) continue;
      const double total = build.value("total", 0.0);
      progress.show(total > 0 ? build.value("done", 0.0) / total : 0, build.value("stage", ""));
    }
    progress.done("finished");
  }
  std::mutex mutex_;
  std::condition_variable done_;
  bool is_done_ = false;
  std::thread thread_;
};

}  // namespace

int run_build(const CommonOptions& common, const std::vector<std::string>& views) {
  const auto root = project_root(common);
  if (!root) return fail_command(common, root.error());
  auto connection = ServerLink::open(*root, common.target);
  if (!connection) return fail_command(common, connection.error());
  (*connection)->warn_of_changed_files();
  Result<std::string> answer = [&] {
    std::optional<BuildWatch> watch;
    if (!common.is_json) watch.emplace(**connection);
    return (*connection)->post("/v1/builds", {{"views", views}});
  }();
  if (!answer) return fail_command(common, answer.error());
  if (common.is_json) {
    fmt::print("{}\n", *answer);
    return 0;
  }
  const auto build = nlohmann::json::parse(*answer, nullptr, false);
  const auto failed = std::count_if(build["warnings"].begin(), build["warnings"].end(),
                                    [](const auto& warning) { return warning["view"].is_string(); });
  const auto all = static_cast<int64_t>(build["views"].size());
  const std::string outcome =
      failed == 0    ? colored("published", Color::green)
      : failed < all ? colored(fmt::format("published without {} of its views", failed), Color::yellow)
                     : colored("published, but every view failed:", Color::red);
  fmt::print("{} {} in {}: {} views, {} rows, up to", outcome, build.value("id", ""),
             duration_text(static_cast<int64_t>(build.value("duration_ms", 0.0) * 1000)), all - failed,
             with_separators(build.value("rows", int64_t{0})));
  for (const auto& [stream, offsets] : build["cutoff"].items())
    fmt::print(" {} {}", stream, with_separators(offsets[0]));
  fmt::print("\n");
  for (const auto& warning : build["warnings"]) {
    const std::string view = warning["view"].is_string() ? warning["view"].get<std::string>() + ": " : "";
    fmt::print(stderr, "{} {}{}\n", colored("warning:", Color::yellow), view,
               warning["message"].get<std::string>());
  }
  return all > 0 && failed >= all ? 1 : 0;
}

}  // namespace anabranch::app
