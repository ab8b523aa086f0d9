#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/server_link.h"
#include "app/terminal.h"

namespace anabranch::app {

int run_explain(const CommonOptions& common, const std::string& view) {
  const auto root = project_root(common);
  if (!root) return fail_command(common, root.error());
  auto connection = ServerLink::open(*root, common.target);
  if (!connection) return fail_command(common, connection.error());
  (*connection)->warn_of_changed_files();
  const auto answer = (*connection)->get("/v1/views/" + url_part(view));
  if (!answer) return fail_command(common, answer.error());
  if (common.is_json) {
    fmt::print("{}\n", *answer);
    return 0;
  }
  const auto document = nlohmann::json::parse(*answer, nullptr, false);
  const bool is_maintained = document.value("maintained", false);
  fmt::print("{}  {}  ({})\n", colored(view, Color::bold), document.value("class", ""),
             document.value("file", ""));
  if (is_maintained) {
    fmt::print(
        "\nMaintained on every event: a read merges the build's states with those of later slices and never "
        "goes back to events.\n");
  } else if (document.value("class", "") == "merged") {
    fmt::print(
        "\nComputed when it is read, from the merged results of other views and tables; it does not go back "
        "to events.\n");
  } else {
    fmt::print("\nComputed when it is read, over all events: right, but each read costs a pass over them.\n");
  }
  const auto reasons = document.value("reasons", nlohmann::json::array());
  for (const auto& reason : reasons) {
    fmt::print("  {} {}", colored(reason.value("clause", ""), Color::yellow), reason.value("reason", ""));
    const auto line = reason.value("line", nlohmann::json());  // null where there is no place
    if (line.is_number()) fmt::print("  (line {}, column {})", line.get<int>(), reason.value("column", 0));
    fmt::print("\n");
  }
  const auto plan = document.value("plan", nlohmann::json());
  if (!plan.is_object()) return 0;
  const auto stage = [&](const std::string& title, const std::string& sql) {
    if (!sql.empty()) fmt::print("\n{}\n  {}\n", colored(title, Color::blue), sql);
  };
  stage("1 rows", plan.value("rows", ""));
  for (const auto& part : plan.value("parts", nlohmann::json::array())) {
    stage("2 partial: " + part.value("name", ""), part.value("partial", ""));
    stage("3 merge: " + part.value("name", ""), part.value("merge", ""));
  }
  stage("4 finalise", plan.value("finalise", ""));
  return 0;
}

}  // namespace anabranch::app
