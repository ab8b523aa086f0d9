#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/connection.h"
#include "app/terminal.h"
#include "io/random.h"
#include "sql/database.h"
#include "sql/syntax.h"

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
    offsets +=
        fmt::format("{}{} {}", offsets.empty() ? "" : ", ", stream, with_separators(list[0].get<int64_t>()));
  }
  text += colored(
      fmt::format("{} rows, at {}, in {:.1f} ms\n", with_separators(static_cast<int64_t>(rows.size())),
                  offsets, document.value("elapsed_ms", 0.0)),
      Color::dim);
  return text;
}

// The types are the answer's; values are read from its JSON, so nothing is guessed.
Status write_parquet(const std::string& answer, const std::string& output) {
  if (output.empty()) return fail(Code::bad_input, "Parquet goes to a file", "name it with -o FILE");
  const auto document = nlohmann::ordered_json::parse(answer, nullptr, false);
  const std::string lines_file = output + fmt::format(".{:08x}.tmp", static_cast<uint32_t>(io::random_u64()));
  std::string lines;
  for (const auto& row : document["rows"]) lines += row.dump() + "\n";
  auto& files = io::local_file_system();
  TRY(files.write_atomically(std::filesystem::absolute(lines_file), lines));
  std::string columns;
  size_t index = 0;
  for (const auto& column : document["columns"]) {
    const std::string type = column["type"];
    const bool is_nested = type.ends_with("]") || type.starts_with("STRUCT") || type.starts_with("MAP");
    columns += fmt::format("{}CAST(j->{}'$[{}]' AS {}) AS {}", index ? ", " : "", is_nested ? "" : ">", index,
                           type, sql::quote_identifier(column["name"].get<std::string>()));
    ++index;
  }
  const auto database = TRY(sql::Database::open({}));
  auto session = TRY(database->connect());
  const std::string source =
      lines.empty()
          ? "(SELECT NULL::JSON AS j WHERE false)"
          : fmt::format("(SELECT json AS j FROM read_json_objects({}, format = 'newline_delimited'))",
                        sql::quote_literal(lines_file));
  const Status written = session.run(fmt::format("COPY (SELECT {} FROM {}) TO {} (FORMAT parquet)", columns,
                                                 source, sql::quote_literal(output)));
  (void)files.remove(lines_file);
  return written;
}

}  // namespace

int run_query(const CommonOptions& common, const QueryOptions& options) {
  const auto root = project_root(common);
  if (!root) return fail_command(common, root.error());
  auto connection = Connection::open(*root);
  if (!connection) return fail_command(common, connection.error());
  const std::string format = common.is_json ? "json" : options.format;
  nlohmann::json request = {{"sql", options.sql}, {"format", format == "csv" ? "csv" : "json"}};
  if (format == "parquet") request["numbers"] = "string";
  const auto answer = (*connection)->post("/v1/query", request);
  if (!answer) return fail_command(common, answer.error());
  const Status written = format == "parquet" ? write_parquet(*answer, options.output)
                         : format == "table" ? write_output(options.output, as_table(*answer))
                         : format == "json"  ? write_output(options.output, *answer + "\n")
                                             : write_output(options.output, *answer);
  return written ? 0 : fail_command(common, written.error());
}

}  // namespace anabranch::app
