#include "app/child.h"

#include <csignal>
#include <cstdio>
#include <iostream>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/slots.h"
#include "ingest/bulk_import.h"
#include "ingest/table_copy.h"
#include "io/process.h"
#include "quality/recompute.h"

namespace anabranch::app {

using nlohmann::json;

Status check_readable(io::FileSystem& files, const io::Path& path) {
  const auto file = files.open(path, io::FileSystem::Open::read);
  if (file) return {};
  return fail(Code::bad_input, file.error().message, "name a file that the server may read");
}

Result<std::string> run_in_child(const io::Path& program, const std::string& name, const std::string& job,
                                 Task& task) {
  TRY(task.check());
  auto process = TRY(io::start_process(program, {"child", name}, job));
  std::string answer;
  auto ended = [&] {
    const Task::Killing killing(task, [&] { process->kill(); });
    return process->run([&](std::string_view line) { answer = line; });
  }();
  const auto exit = TRY(std::move(ended));
  TRY(task.check());
  const auto document = json::parse(answer, nullptr, false);
  if (document.is_object() && document.contains("error")) {
    const auto code = static_cast<Code>(document.value("code", static_cast<int>(Code::internal)));
    // Such a child does nothing but read somebody's file: what the engine cannot explain is wrong with that.
    if (code == Code::internal)
      return fail(Code::bad_input, fmt::format("a file cannot be read: {}", document.value("error", "")),
                  "look whether it is whole");
    return fail(code, document["error"], document.value("hint", ""));
  }
  if (exit.signal == SIGKILL) {
    return fail(Code::unavailable, fmt::format("the {} process was killed", name),
                "the server stops, or the system has run out of memory: try again");
  }
  if (!exit.is_success() || !document.is_object()) {
    return fail(Code::internal,
                exit.signal != 0
                    ? fmt::format("the {} process was ended by signal {}", name, exit.signal)
                    : fmt::format("the {} process ended with code {}: {}", name, exit.code, exit.errors));
  }
  return answer;
}

namespace {

Result<std::string> run_task(const std::string& task, const std::string& input) {
  if (task == "copy") {
    const auto job = TRY(ingest::TableCopyJob::from_json(input));
    const auto source = TRY(open_table_source(job));
    const auto result = TRY(ingest::copy_table(job, *source));
    return result.to_json();
  }
  if (task == "import") {
    const auto job = TRY(ingest::BulkImportJob::from_json(input));
    const auto result = TRY(ingest::import_bulk(job));
    return result.to_json();
  }
  return fail(Code::bad_input, fmt::format("there is no task {}", task));
}

}  // namespace

int child_main(const std::string& task) {
  if (task == "build") return build_in_child();
  if (task == "verify") return quality::verify_in_child();
  const std::string input{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  const auto answer = run_task(task, input);
  const std::string line = answer ? *answer
                                  : json{{"error", answer.error().message},
                                         {"hint", answer.error().hint},
                                         {"code", static_cast<int>(answer.error().code)}}
                                        .dump(-1, ' ', false, json::error_handler_t::replace);
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  return answer ? 0 : 1;
}

}  // namespace anabranch::app
