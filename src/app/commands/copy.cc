#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/server_link.h"
#include "app/terminal.h"

namespace anabranch::app {

int run_copy(const CommonOptions& common, const std::vector<std::string>& sources) {
  const auto root = project_root(common);
  if (!root) return fail_command(common, root.error());
  auto connection = ServerLink::open(*root, common.target);
  if (!connection) return fail_command(common, connection.error());
  const auto answer = (*connection)->post("/v1/copy", {{"sources", sources}});
  if (!answer) return fail_command(common, answer.error());
  if (common.is_json) {
    fmt::print("{}\n", *answer);
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  const auto document = nlohmann::json::parse(*answer, nullptr, false);
  for (const auto& table : document["tables"]) {
    rows.push_back({table["name"], std::to_string(table["version"].get<int64_t>()),
                    table["rows"].is_null() ? "" : with_separators(table["rows"]),
                    table["changed"].get<bool>() ? colored("copied", Color::green) : "unchanged"});
  }
  fmt::print("{}", table_text({"table", "version", "rows", ""}, rows, {false, true, true, false}));
  return 0;
}

}  // namespace anabranch::app
