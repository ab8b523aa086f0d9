#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/server_link.h"
#include "app/terminal.h"

namespace anabranch::app {

int run_tasks(const CommonOptions& common) {
  const auto root = project_root(common);
  if (!root) return fail_command(common, root.error());
  auto connection = ServerLink::open(*root, common.target);
  if (!connection) return fail_command(common, connection.error());
  const auto answer = (*connection)->get("/v1/tasks");
  if (!answer) return fail_command(common, answer.error());
  if (common.is_json) {
    fmt::print("{}\n", *answer);
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  const auto document = nlohmann::json::parse(*answer, nullptr, false);
  for (const auto& task : document["tasks"]) {
    const int64_t limit_us = task.value("limit_ms", int64_t{0}) * 1000;
    rows.push_back({task["id"], task["kind"], task["of"].is_string() ? task["of"].get<std::string>() : "",
                    task["started_at"], duration_text(limit_us),
                    task.value("ending", false) ? "ending" : ""});
  }
  if (rows.empty()) {
    fmt::print("nothing is running\n");
    return 0;
  }
  fmt::print("{}", table_text({"task", "kind", "of", "since", "limit", ""}, rows,
                              {false, false, false, false, true, false}));
  return 0;
}

int run_cancel(const CommonOptions& common, const std::string& task) {
  const auto root = project_root(common);
  if (!root) return fail_command(common, root.error());
  auto connection = ServerLink::open(*root, common.target);
  if (!connection) return fail_command(common, connection.error());
  const auto answer =
      (*connection)->post("/v1/tasks/" + url_part(task) + "/cancel", nlohmann::json::object());
  if (!answer) return fail_command(common, answer.error());
  fmt::print("{}\n", common.is_json ? *answer : fmt::format("{} ends", task));
  return 0;
}

}  // namespace anabranch::app
