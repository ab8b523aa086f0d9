#include <algorithm>
#include <fstream>
#include <iostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/connection.h"
#include "app/terminal.h"

namespace anabranch::app {
namespace {

constexpr size_t batch_bytes = 4 << 20;

std::string format_of(const IngestOptions& options) {
  if (!options.format.empty()) return options.format;
  const std::string extension = io::Path(options.file).extension().string();
  if (extension == ".parquet") return "parquet";
  if (extension == ".csv") return "csv";
  if (extension == ".json") return "json";
  return "ndjson";
}

struct Totals {
  int64_t accepted = 0;
  int64_t quarantined = 0;
  nlohmann::json ranges = nlohmann::json::array();

  void add(const nlohmann::json& answer) {
    accepted += answer.value("accepted", int64_t{0});
    quarantined += answer.value("quarantined", int64_t{0});
    for (const auto& range : answer.value("ranges", nlohmann::json::array())) {
      const bool continues =
          !ranges.empty() && ranges.back()["partition"] == range["partition"] &&
          ranges.back()["last_offset"].get<int64_t>() + 1 == range["first_offset"].get<int64_t>();
      if (continues) {
        ranges.back()["last_offset"] = range["last_offset"];
      } else {
        ranges.push_back(range);
      }
    }
  }
};

// Reads up to about batch_bytes, ending after a whole line; a last line without a newline counts.
bool read_lines(std::istream& in, std::string& rest, std::string& lines) {
  lines.swap(rest);
  rest.clear();
  while (lines.size() < batch_bytes && in) {
    const size_t at = lines.size();
    lines.resize(at + batch_bytes);
    in.read(lines.data() + at, batch_bytes);
    lines.resize(at + static_cast<size_t>(in.gcount()));
  }
  if (in) {
    const size_t newline = lines.rfind('\n');
    if (newline != std::string::npos) {
      rest = lines.substr(newline + 1);
      lines.resize(newline + 1);
    }
  }
  return !lines.empty();
}

// The end of the last whole CSV record in a text: a newline outside of quotes.
size_t end_of_records(std::string_view text) {
  bool is_quoted = false;
  size_t end = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') is_quoted = !is_quoted;
    if (text[i] == '\n' && !is_quoted) end = i + 1;
  }
  return end;
}

Status send(Connection& connection, const std::string& stream, const std::string& type, std::string_view body,
            Totals& totals) {
  const std::string answer =
      TRY(connection.post_bytes("/v1/streams/" + url_part(stream) + "/events", type, body));
  totals.add(nlohmann::json::parse(answer, nullptr, false));
  return {};
}

Status ingest(Connection& connection, const IngestOptions& options, Totals& totals) {
  const std::string format = format_of(options);
  if (format == "parquet") {
    if (options.file == "-")
      return fail(Code::bad_input, "Parquet cannot be read from standard input", "give the file's name");
    const std::string path = std::filesystem::absolute(options.file).string();
    const std::string answer =
        TRY(connection.post("/v1/streams/" + url_part(options.stream) + "/files", {{"path", path}}));
    totals.add(nlohmann::json::parse(answer, nullptr, false));
    return {};
  }
  std::ifstream file;
  if (options.file != "-") {
    file.open(options.file, std::ios::binary);
    if (!file)
      return fail(Code::bad_input, fmt::format("cannot read {}", options.file),
                  "check the name and who may read it");
  }
  std::istream& in = options.file == "-" ? std::cin : file;
  if (format == "json") {  // one value: it cannot be cut
    const std::string body{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    return send(connection, options.stream, "application/json", body, totals);
  }
  if (format != "ndjson" && format != "csv") {
    return fail(Code::bad_input, fmt::format("the format {} is not known", format),
                "there are: ndjson, json, csv, parquet");
  }
  Progress progress("ingesting");
  std::error_code no_size;
  const double total =
      options.file == "-" ? 0 : static_cast<double>(std::filesystem::file_size(options.file, no_size));
  double sent = 0;
  std::string rest;
  std::string lines;
  std::string header;
  while (read_lines(in, rest, lines)) {
    if (format == "csv") {
      if (in) {  // cut after a whole record
        const size_t end = end_of_records(lines);
        if (end == 0) {
          rest = lines + rest;
          continue;
        }
        rest = lines.substr(end) + rest;
        lines.resize(end);
      }
      if (header.empty()) {
        const size_t end =
            end_of_records(lines.substr(0, lines.find('\n') + 1)) != 0 ? lines.find('\n') + 1 : lines.size();
        header = lines.substr(0, end);
      } else {
        lines = header + lines;
      }
    }
    TRY(send(connection, options.stream, format == "csv" ? "text/csv" : "application/x-ndjson", lines,
             totals));
    sent += static_cast<double>(lines.size());
    if (total > 0) progress.show(sent / total, with_separators(totals.accepted) + " events");
  }
  if (total > 0) progress.done(with_separators(totals.accepted) + " events");
  return {};
}

}  // namespace

int run_ingest(const CommonOptions& common, const IngestOptions& options) {
  const auto root = project_root(common);
  if (!root) return fail_command(common, root.error());
  auto connection = Connection::open(*root);
  if (!connection) return fail_command(common, connection.error());
  Totals totals;
  const Status done = ingest(**connection, options, totals);
  if (!done) {
    if (totals.accepted > 0)
      fmt::print(stderr, "{} events were taken in before that\n", with_separators(totals.accepted));
    return fail_command(common, done.error());
  }
  if (common.is_json) {
    fmt::print("{}\n", nlohmann::json{{"stream", options.stream},
                                      {"accepted", totals.accepted},
                                      {"quarantined", totals.quarantined},
                                      {"ranges", totals.ranges}}
                           .dump());
    return 0;
  }
  fmt::print("{} {} events", colored("accepted", Color::green), with_separators(totals.accepted));
  if (totals.ranges.size() == 1) {
    fmt::print(", offsets {} to {}", with_separators(totals.ranges[0]["first_offset"]),
               with_separators(totals.ranges[0]["last_offset"]));
  }
  fmt::print("\n");
  if (totals.quarantined > 0) {
    fmt::print("{} {} (see /quarantine on the page, or GET /v1/quarantine)\n",
               colored("quarantined", Color::yellow), with_separators(totals.quarantined));
  }
  return 0;
}

}  // namespace anabranch::app
