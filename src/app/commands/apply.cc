#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/connection.h"
#include "app/terminal.h"

namespace anabranch::app {
namespace {

using nlohmann::json;

std::string sign_of(const std::string& change) {
  if (change == "added") return colored("+", Color::green);
  if (change == "removed") return colored("-", Color::red);
  if (change == "recomputed") return colored("*", Color::dim);
  return colored("~", Color::yellow);
}

std::string count_of(int64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", with_separators(number), noun, number == 1 ? "" : "s");
}

void print_changes(const json& plan) {
  size_t longest = 0;
  for (const auto& item : plan["changes"])
    longest = std::max(longest, item["name"].get_ref<const std::string&>().size());
  for (const auto& item : plan["changes"]) {
    const std::string& name = item["name"].get_ref<const std::string&>();
    fmt::print(
        "  {} {:<7} {:<{}}  {}", sign_of(item["change"]), item["kind"].get<std::string>(), name, longest,
        item["breaking"].get<bool>() ? colored("breaking", Color::red) : item["change"].get<std::string>());
    const char* before = ": ";
    for (const auto& note : item["notes"]) {
      fmt::print("{}{}", before, note.get<std::string>());
      before = "; ";
    }
    fmt::print("\n");
  }
}

void print_cost(const json& plan) {
  const auto computed = std::count_if(plan["changes"].begin(), plan["changes"].end(), [](const json& item) {
    return item["kind"] == "view" && item["computed"].get<bool>();
  });
  if (computed == 0) return;
  fmt::print("{} computed anew, {} to go through", count_of(computed, "view"),
             count_of(plan["events"].get<int64_t>(), "event"));
  if (plan["estimated_ms"].is_number())
    fmt::print(", about {}", duration_text(plan["estimated_ms"].get<int64_t>() * 1000));
  fmt::print("\n");
}

}  // namespace

int run_apply(const CommonOptions& common, const ApplyOptions& options) {
  const auto root = project_root(common);
  if (!root) return fail_command(common, root.error());
  auto connection = Connection::open(*root, common.target, Connection::Project::as_applied);
  if (!connection) return fail_command(common, connection.error());
  const auto answer =
      (*connection)->post("/v1/apply", {{"dry_run", options.is_dry_run}, {"undo", options.is_undo}});
  if (!answer) return fail_command(common, answer.error());
  if (common.is_json) {
    fmt::print("{}\n", *answer);
    return 0;
  }
  const auto plan = json::parse(*answer, nullptr, false);
  print_changes(plan);
  print_cost(plan);
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
