#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/plan_text.h"
#include "app/server_link.h"
#include "app/terminal.h"

namespace anabranch::app {
int run_apply(const CommonOptions& common, const ApplyOptions& options) {
  const auto root = project_root(common);
  if (!root) return fail_command(common, root.error());
  auto connection = ServerLink::open(*root, common.target, ServerLink::Project::as_applied);
  if (!connection) return fail_command(common, connection.error());
  const auto answer =
      (*connection)->post("/v1/apply", {{"dry_run", options.is_dry_run}, {"undo", options.is_undo}});
  if (!answer) return fail_command(common, answer.error());
  if (common.is_json) {
    fmt::print("{}\n", *answer);
    return 0;
  }
  const auto plan = nlohmann::json::parse(*answer, nullptr, false);
  fmt::print("{}", changes_text(plan["changes"]));
  if (const std::string cost = cost_text(plan); !cost.empty()) fmt::print("{}\n", cost);
  for (const auto& warning : plan["warnings"])
    fmt::print(stderr, "{} {}\n", colored("warning:", Color::yellow), warning.get<std::string>());
  if (plan["changes"].empty()) {
    fmt::print("nothing changes\n");
  } else if (options.is_dry_run) {
    fmt::print("nothing was done: this is what {} would do\n",
               options.is_undo ? "anabranch apply --undo" : "anabranch apply");
  } else {
    fmt::print("{}{}\n", colored(options.is_undo ? "undone" : "applied", Color::green),
               plan["build"].is_string() ? ", with build " + plan["build"].get<std::string>() : "");
    if (options.is_undo)
      fmt::print("the files are as they were: the next start or apply takes them over again\n");
  }
  return 0;
}

}  // namespace anabranch::app
