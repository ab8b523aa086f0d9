#include <iostream>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/commands/commands.h"
#include "app/server_link.h"
#include "app/terminal.h"

namespace anabranch::app {
namespace {

using nlohmann::json;

void print_items(const json& items) {
  std::vector<std::vector<std::string>> rows;
  int64_t bytes = 0;
  for (const auto& item : items) {
    bytes += item["bytes"].get<int64_t>();
    const auto notes = item["notes"].get<std::vector<std::string>>();
    rows.push_back({item["kind"], item["name"], bytes_text(item["bytes"].get<uint64_t>()),
                    fmt::format("{}", fmt::join(notes, "; "))});
  }
  fmt::print("{}", table_text({"kind", "name", "size", ""}, rows, {false, false, true, false}));
  if (items.size() > 1) fmt::print("{} in all\n", bytes_text(static_cast<uint64_t>(bytes)));
}

bool is_confirmed() {
  fmt::print("this cannot be undone. drop it? [y/N] ");
  std::fflush(stdout);
  std::string answer;
  return std::getline(std::cin, answer) && (answer == "y" || answer == "Y" || answer == "yes");
}

}  // namespace

int run_drop(const CommonOptions& common, const DropOptions& options) {
  const auto root = project_root(common);
  if (!root) return fail_command(common, root.error());
  const bool is_shown_only = options.names.empty() || options.is_dry_run;
  const bool is_asking = !is_shown_only && !options.is_sure;
  if (is_asking && (common.is_json || !is_terminal(STDIN_FILENO) || !is_terminal(STDOUT_FILENO))) {
    return fail_command(common, {Code::bad_input,
                                 "there is nobody to ask whether this data shall go for ever",
                                 "look at it with --dry-run, then give --yes",
                                 {}});
  }
  auto connection = ServerLink::open(*root, common.target, ServerLink::Project::as_applied);
  if (!connection) return fail_command(common, connection.error());
  const auto ask = [&](bool is_dry_run) {
    return (*connection)->post("/v1/drop", {{"names", options.names}, {"dry_run", is_dry_run}});
  };
  const auto found = ask(true);
  if (!found) return fail_command(common, found.error());
  const json items = json::parse(*found, nullptr, false)["items"];
  if (!common.is_json) {
    if (items.empty()) {
      fmt::print("nothing is stored that the project does not have\n");
      return 0;
    }
    print_items(items);
  }
  if (is_shown_only) {
    if (common.is_json) {
      fmt::print("{}\n", *found);
    } else {
      fmt::print("nothing was done: anabranch drop NAME… would remove it for ever\n");
    }
    return 0;
  }
  if (is_asking && !is_confirmed()) {
    fmt::print("nothing was done\n");
    return 1;
  }
  const auto done = ask(false);
  if (!done) return fail_command(common, done.error());
  if (common.is_json) {
    fmt::print("{}\n", *done);
  } else {
    fmt::print("{}\n", colored("dropped", Color::green));
  }
  return 0;
}

}  // namespace anabranch::app
