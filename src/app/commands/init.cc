#include <fmt/format.h>

#include "app/commands/commands.h"
#include "app/terminal.h"
#include "app/web_files.h"
#include "ingest/gzip.h"

namespace anabranch::app {
namespace {

constexpr size_t file_bytes_max = 256 << 20;

Status write_new(const io::Path& path, std::string_view bytes) {
  auto& files = io::local_file_system();
  TRY(files.create_folders(path.parent_path()));
  return files.write_atomically(path, bytes);
}

Status write_example(const std::string& example, const io::Path& folder) {
  bool is_found = false;
  std::string known;
  for (const auto& file : http::example_files()) {
    const std::string path(file.path.substr(1));
    const std::string name = path.substr(0, path.find('/'));
    if (known.find(name) == std::string::npos) known += (known.empty() ? "" : ", ") + name;
    if (name != example || path.find('/') == std::string::npos) continue;
    is_found = true;
    const std::string bytes =
        file.gzip ? TRY(ingest::inflate(file.bytes, file_bytes_max)) : std::string(file.bytes);
    TRY(write_new(folder / path.substr(name.size() + 1), bytes));
  }
  if (!is_found)
    return fail(Code::bad_input, fmt::format("there is no example {}", example), "there are: " + known);
  return {};
}

}  // namespace

Status write_example_project(const std::string& example, const io::Path& folder) {
  return write_example(example, folder);
}

namespace {

Status write_empty_project(const io::Path& folder) {
  io::Path whole = std::filesystem::absolute(folder).lexically_normal();
  if (whole.filename().empty()) whole = whole.parent_path();  // "." and "shop/"
  std::string name = whole.filename().string();
  for (char& c : name)
    c = std::isalnum(static_cast<unsigned char>(c)) ? static_cast<char>(std::tolower(c)) : '_';
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) name = "project_" + name;
  TRY(write_new(folder / "anabranch.yml", fmt::format("name: {}\n", name)));
  TRY(write_new(folder / "streams" / "events.yml",
                "description: What happens, one event at a time.\nfields:\n  - {name: id, type: bigint, "
                "required: true}\n"
                "  - {name: kind, type: varchar, required: true}\n  - {name: amount, type: "
                "double}\non_drift: evolve\n"));
  TRY(write_new(folder / "models" / "gold" / "amount_by_kind.sql",
                "SELECT kind, count(*) AS events, sum(amount) AS amount, avg(amount) AS mean_amount\nFROM "
                "bronze.events\nGROUP BY kind\n"));
  return write_new(folder / ".gitignore", ".anabranch/\n");
}

}  // namespace

int run_init(const InitOptions& options) {
  const io::Path folder = options.folder;
  if (io::local_file_system().exists(folder / "anabranch.yml").value_or(false)) {
    return fail_command({}, Error{Code::bad_input,
                                  fmt::format("{} holds a project already", folder.string()),
                                  "choose another folder",
                                  {}});
  }
  const Status written =
      options.example.empty() ? write_empty_project(folder) : write_example(options.example, folder);
  if (!written) return fail_command({}, written.error());
  fmt::print("{} {}\n\nNext:\n", colored("made", Color::green), folder.string());
  if (folder.lexically_normal() != "." && folder.lexically_normal() != "./")
    fmt::print("  cd {}\n", folder.string());
  if (options.example.empty()) {
    fmt::print(
        "  anabranch up\n  curl -s 127.0.0.1:8080/v1/streams/events/events -H 'content-type: "
        "application/json' -d '{{\"id\":1,\"kind\":\"a\",\"amount\":2.5}}'\n"
        "  anabranch query 'SELECT * FROM gold.amount_by_kind'\n");
  } else {
    fmt::print(
        "  anabranch copy\n  anabranch ingest flights data/flights.parquet\n  anabranch build\n  anabranch "
        "up\n");
  }
  return 0;
}

}  // namespace anabranch::app
