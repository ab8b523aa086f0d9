#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/server_link.h"
#include "app/terminal.h"

namespace anabranch::app {
namespace {

// Numbers that are not known yet are null.
std::string number_text(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? with_separators(found->get<int64_t>()) : "–";
}

std::string text_of(const nlohmann::json& object, const char* key, const char* otherwise) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

std::string offset_text(const nlohmann::json& list) {
  return list.is_array() && !list.empty() && list[0].is_number() ? with_separators(list[0]) : "–";
}

}  // namespace

int run_status(const CommonOptions& common) {
  const auto root = project_root(common);
  if (!root) return fail_command(common, root.error());
  auto connection = ServerLink::open(*root, common.target);
  if (!connection) return fail_command(common, connection.error());
  (*connection)->warn_of_changed_files();
  const auto answer = (*connection)->get("/v1/status");
  if (!answer) return fail_command(common, answer.error());
  if (common.is_json) {
    fmt::print("{}\n", *answer);
    return 0;
  }
  const auto status = nlohmann::json::parse(*answer, nullptr, false);
  fmt::print("{}  {}\n", colored(status.value("project", ""), Color::bold),
             (*connection)->is_remote()
                 ? fmt::format("server up for {}",
                               duration_text(static_cast<int64_t>(status.value("uptime_s", 0.0) * 1e6)))
                 : std::string("no server is running"));
  std::vector<std::vector<std::string>> rows;
  for (const auto& stream : status["streams"]) {
    rows.push_back({stream["name"], offset_text(stream["durable_offsets"]),
                    offset_text(stream["applied_offsets"]), offset_text(stream["archived_offsets"]),
                    offset_text(stream["cutoff_offsets"]), number_text(stream, "quarantined"),
                    bytes_text(stream.value("log_bytes", uint64_t{0}))});
  }
  fmt::print("\n{}", table_text({"stream", "durable", "applied", "archived", "cut-off", "quarantined", "log"},
                                rows, {false, true, true, true, true, true, true}));
  rows.clear();
  for (const auto& table : status["tables"]) {
    rows.push_back({table["name"],
                    table["version"].is_null() ? "never copied" : number_text(table, "version"),
                    number_text(table, "pinned_version"), number_text(table, "rows"),
                    table.value("in_place", false) ? "read in place" : ""});
  }
  if (!rows.empty())
    fmt::print("\n{}", table_text({"table", "version", "pinned", "rows", ""}, rows,
                                  {false, true, true, true, false}));
  const auto views = (*connection)->get("/v1/views");
  if (views) {
    rows.clear();
    const auto document = nlohmann::json::parse(*views, nullptr, false);
    for (const auto& view : document["views"]) {
      const auto verify = view.value("last_verify", nlohmann::json());
      rows.push_back({view["name"], text_of(view, "class", "–"), number_text(view, "build_rows"),
                      verify.is_object() ? text_of(verify, "result", "–") : "not verified yet"});
    }
    fmt::print("\n{}",
               table_text({"view", "class", "build rows", "verify"}, rows, {false, false, true, false}));
  }
  if (status["build"].is_object()) {
    fmt::print("\nbuild {}, {} old\n", status["build"].value("id", ""),
               duration_text(static_cast<int64_t>(status["build"].value("age_s", 0.0) * 1e6)));
  } else {
    fmt::print("\nno build yet: run anabranch build\n");
  }
  const auto storage = status.value("storage", nlohmann::json::object());
  const auto size = [&](const char* key) { return bytes_text(storage.value(key, uint64_t{0})); };
  fmt::print("disk: log {}, bronze {}, silver {}, gold {}, states {}; {} free\n", size("log_bytes"),
             size("bronze_bytes"), size("silver_bytes"), size("gold_bytes"), size("states_bytes"),
             size("free_bytes"));
  for (const auto& fault : status["faults"]) {
    fmt::print("{} {}: {}{}\n", colored("fault:", Color::red), fault.value("of", ""),
               fault.value("message", ""),
               fault["hint"].is_string() ? fmt::format(" ({})", fault["hint"].get<std::string>()) : "");
  }
  return 0;
}

}  // namespace anabranch::app
