#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/server_link.h"
#include "app/terminal.h"

namespace anabranch::app {
namespace {

void print_differences(const nlohmann::json& result) {
  for (const auto& difference : result.value("differences", nlohmann::json::array())) {
    std::vector<std::vector<std::string>> rows;
    const auto& columns = difference["columns"];
    for (size_t i = 0; i < columns.size(); ++i) {
      const auto text = [&](const char* side) {
        const auto& row = difference[side];
        if (!row.is_array()) return std::string("(no such row)");
        return row[i].is_null()     ? std::string("NULL")
               : row[i].is_string() ? row[i].get<std::string>()
                                    : row[i].dump();
      };
      rows.push_back({columns[i], text("expected"), text("actual")});
    }
    fmt::print("{}\n", table_text({"column", "recomputed", "read"}, rows, {false, false, false}));
  }
}

}  // namespace

int run_verify(const CommonOptions& common, const std::vector<std::string>& views, bool is_sample) {
  const auto root = project_root(common);
  if (!root) return fail_command(common, root.error());
  auto connection = ServerLink::open(*root, common.target);
  if (!connection) return fail_command(common, connection.error());
  (*connection)->warn_of_changed_files();
  // All in one request: the events are read once.
  const auto answer = (*connection)->post("/v1/verify", {{"views", views}, {"sample", is_sample}});
  if (!answer) return fail_command(common, answer.error());
  const auto document = nlohmann::json::parse(*answer, nullptr, false);
  bool is_equal = true;
  std::string source;
  for (const auto& result : document["results"]) {
    const std::string outcome = result.value("result", "failed");
    is_equal = is_equal && outcome == "equal";
    if (common.is_json) continue;
    std::string offsets;
    for (const auto& [stream, list] : result["offsets"].items())
      offsets += fmt::format(" {} {}", stream, with_separators(list[0]));
    const Color color = outcome == "equal" ? Color::green : Color::red;
    fmt::print("{}  {:<32} {:>12} rows  at{}  {}\n", colored(fmt::format("{:<9}", outcome), color),
               result.value("view", ""), with_separators(result.value("rows", int64_t{0})), offsets,
               duration_text(static_cast<int64_t>(result.value("elapsed_ms", 0.0) * 1000)));
    for (const char* field : {"sample", "note"}) {
      if (!result.contains(field) || !result[field].is_string()) continue;
      fmt::print("           {}\n", colored(result[field].get<std::string>(), Color::dim));
    }
    if (result.contains("source") && result["source"].is_string()) source = result["source"];
    print_differences(result);
  }
  if (common.is_json) {
    fmt::print("{}\n", document.dump());
  } else if (!source.empty()) {
    fmt::print("{}\n", colored("recomputed from the " + source, Color::dim));
  }
  return is_equal ? 0 : 1;
}

}  // namespace anabranch::app
