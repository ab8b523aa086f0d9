#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/commands/commands.h"
#include "app/server_link.h"
#include "app/terminal.h"
#include "io/file_system.h"

namespace anabranch::app {
namespace {

std::string cell_text(const nlohmann::ordered_json& value) {
  if (value.is_null()) return colored("NULL", Color::dim);
  if (value.is_string()) return value.get<std::string>();
  return value.dump();
}

Status write_output(const std::string& output, std::string_view text) {
  if (output.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return {};
  }
  return io::local_file_system().write_atomically(output, text);
}

std::string as_table(const std::string& answer) {
  const auto document = nlohmann::ordered_json::parse(answer, nullptr, false);
  std::vector<std::string> header;
  std::vector<bool> is_right;
  for (const auto& column : document["columns"]) {
    header.push_back(column["name"]);
    const std::string type = column["type"];
    is_right.push_back(type.ends_with("INT") || type.ends_with("INTEGER") || type == "DOUBLE" ||
                       type == "FLOAT" || type.starts_with("DECIMAL"));
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& row : document["rows"]) {
    std::vector<std::string> cells;
    for (const auto& value : row) cells.push_back(cell_text(value));
    rows.push_back(std::move(cells));
  }
  std::string text = table_text(header, rows, is_right);
  std::string offsets;
  for (const auto& [stream, list] : document["offsets"].items()) {
    offsets += fmt::format("{}{} {}", offsets.empty() ? "" : ", ", stream, offsets_text(list));
  }
  text += colored(
      fmt::format("{} rows, at {}, in {:.1f} ms\n", with_separators(static_cast<int64_t>(rows.size())),
                  offsets, document.value("elapsed_ms", 0.0)),
      Color::dim);
  return text;
}

}  // namespace

int run_query(const CommonOptions& common, const QueryOptions& options) {
  const auto root = project_root(common);
  if (!root) return fail_command(common, root.error());
  auto connection = ServerLink::open(*root, common.target);
  if (!connection) return fail_command(common, connection.error());
  (*connection)->warn_of_changed_files();
  const std::string format = common.is_json ? "json" : options.format;
  const bool is_binary = format == "parquet" || format == "arrow";
  if (format == "parquet" && options.output.empty())
    return fail_command(common, Error{Code::bad_input, "Parquet goes to a file", "name it with -o FILE", {}});
  if (format == "arrow" && options.output.empty() && ::isatty(STDOUT_FILENO) != 0) {
    return fail_command(common, Error{Code::bad_input,
                                      "an Arrow stream is nothing to show in a terminal",
                                      "name a file with -o FILE, or pipe it into a program",
                                      {}});
  }
  // What was acknowledged before this command began is in its answer.
  nlohmann::json request = {{"sql", options.sql},
                            {"format", is_binary || format == "csv" ? format : "json"},
                            {"min_offset", "latest"}};
  if (format == "table") request["numbers"] = "string";  // as they are: -1.50 is not -1.5
  const auto answer = (*connection)->post("/v1/query", request);
  if (!answer) return fail_command(common, answer.error());
  const Status written = format == "table"  ? write_output(options.output, as_table(*answer))
                         : format == "json" ? write_output(options.output, *answer + "\n")
                                            : write_output(options.output, *answer);
  return written ? 0 : fail_command(common, written.error());
}

}  // namespace anabranch::app
