#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/plan_text.h"
#include "app/project_revision.h"
#include "app/server_link.h"
#include "app/terminal.h"

namespace anabranch::app {
namespace {

using nlohmann::json;

Result<std::string> ask(const CommonOptions& common, const DiffOptions& options) {
  const auto root = TRY(project_root(common));
  json request = {{"sample", options.sample}};
  if (!options.from.empty()) request["before"] = TRY(read_project_at(root, options.from));
  const auto connection = TRY(ServerLink::open(root, common.target, ServerLink::Project::as_applied));
  return connection->post("/v1/diff", request);
}

}  // namespace

int run_diff(const CommonOptions& common, const DiffOptions& options) {
  const auto answer = ask(common, options);
  if (!answer) {
    const int code = fail_command(common, answer.error());
    return options.has_exit_code ? 2 : code;
  }
  const json diff = json::parse(*answer, nullptr, false);
  const std::string before = options.from.empty() ? "what runs" : options.from;
  if (common.is_json) {
    fmt::print("{}\n", *answer);
  } else if (options.is_markdown) {
    fmt::print("{}", diff_markdown(diff, before));
  } else {
    fmt::print("{}", diff_text(diff, before));
    for (const auto& warning : diff["warnings"])
      fmt::print(stderr, "{} {}\n", colored("warning:", Color::yellow), warning.get<std::string>());
  }
  return options.has_exit_code && diff["different"].get<bool>() ? 1 : 0;
}

}  // namespace anabranch::app
